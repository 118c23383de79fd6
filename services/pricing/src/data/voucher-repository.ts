import type { Transaction } from "@tandem/postgres";
import { and, eq, gt, isNull, ne, or } from "drizzle-orm";
import type { VoucherRepository, VoucherUse } from "../biz/ports.ts";
import { countVoucherUses } from "./count-voucher-uses.ts";
import { voucherTable, voucherUseTable } from "./schema.ts";
import { voucherFromRow, voucherToRow } from "./voucher-row.ts";

export const makeVoucherRepository = (tx: Transaction): VoucherRepository => {
  const rowOf = (use: VoucherUse, status: "HELD" | "USED" | "RELEASED") => ({
    ...use,
    customerId: use.customerId ?? null,
    checkoutKey: use.checkoutKey ?? null,
    status,
  });
  return {
    async createIfAbsent(voucher) {
      const created = await tx
        .insert(voucherTable)
        .values(voucherToRow(voucher))
        .onConflictDoNothing({ target: voucherTable.code })
        .returning({ id: voucherTable.id });
      return created.length > 0;
    },

    async getByCode(code) {
      const [row] = await tx.select().from(voucherTable).where(eq(voucherTable.code, code));
      return row && voucherFromRow(row);
    },

    async lockById(voucherId) {
      await tx.select({ id: voucherTable.id }).from(voucherTable).where(eq(voucherTable.id, voucherId)).for("update");
    },

    async endHolds({ voucherId, customerId, checkoutKey }, now) {
      if (customerId === undefined) return;
      const taken = or(isNull(voucherUseTable.checkoutKey), eq(voucherUseTable.checkoutKey, checkoutKey ?? ""));
      const own = and(eq(voucherUseTable.voucherId, voucherId), eq(voucherUseTable.customerId, customerId), taken);
      await tx
        .update(voucherUseTable)
        .set({ heldUntil: now })
        .where(and(own, eq(voucherUseTable.status, "HELD"), gt(voucherUseTable.heldUntil, now)));
    },

    countUses: (voucherId, customerId, now) => countVoucherUses(tx.client, voucherId, customerId, now),

    async hold(use) {
      await tx.insert(voucherUseTable).values(rowOf(use, "HELD"));
    },

    async markUsed(use) {
      await tx
        .insert(voucherUseTable)
        .values(rowOf(use, "USED"))
        .onConflictDoUpdate({
          target: voucherUseTable.quoteId,
          set: { status: "USED" },
          setWhere: ne(voucherUseTable.status, "RELEASED"),
        });
    },

    async markReleased(use) {
      await tx
        .insert(voucherUseTable)
        .values(rowOf(use, "RELEASED"))
        .onConflictDoUpdate({ target: voucherUseTable.quoteId, set: { status: "RELEASED" } });
    },
  };
};
