import type { Database } from "@tandem/postgres";
import { eq } from "drizzle-orm";
import type { VoucherReader } from "../biz/ports.ts";
import { voucherNotFound } from "../model/errors.ts";
import { countVoucherUses } from "./count-voucher-uses.ts";
import { voucherTable } from "./schema.ts";
import { voucherFromRow } from "./voucher-row.ts";

export const makeVoucherReader = (database: Pick<Database, "orm" | "query">): VoucherReader => ({
  async getByCode(code) {
    const [row] = await database.orm.select().from(voucherTable).where(eq(voucherTable.code, code));
    if (!row) throw voucherNotFound(code);
    return voucherFromRow(row);
  },
  countUses: (voucherId, customerId, now) => countVoucherUses(database, voucherId, customerId, now),
});
