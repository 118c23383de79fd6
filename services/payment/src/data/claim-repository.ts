import { money } from "@tandem/kernel";
import type { Transaction } from "@tandem/postgres";
import { and, asc, eq, gt, or, sql } from "drizzle-orm";
import type { ClaimRepository } from "../biz/ports.ts";
import { refundClaimTable } from "./schema.ts";

export const makeClaimRepository = (tx: Transaction): ClaimRepository => ({
  async createIfAbsent({ amount, ...claim }) {
    const created = await tx
      .insert(refundClaimTable)
      .values({ ...claim, amountMinor: amount.minor })
      .onConflictDoNothing()
      .returning({ id: refundClaimTable.id });
    return created.length > 0;
  },

  async listByPaymentId(paymentId, currency) {
    const rows = await tx
      .select()
      .from(refundClaimTable)
      .where(eq(refundClaimTable.paymentId, paymentId))
      .orderBy(asc(refundClaimTable.createdAt), asc(refundClaimTable.id));
    return rows.map(({ amountMinor, operationId: _, attempts: _tries, failedAt: _at, ...claim }) => ({
      ...claim,
      amount: money(currency, amountMinor),
    }));
  },

  async updateStatus(claimId, status, operationId) {
    const set = operationId === undefined ? { status } : { status, operationId };
    await tx.update(refundClaimTable).set(set).where(eq(refundClaimTable.id, claimId));
  },

  async reopenFailed(claimId) {
    const failed = and(eq(refundClaimTable.id, claimId), eq(refundClaimTable.status, "FAILED"));
    const reopened = await tx
      .update(refundClaimTable)
      .set({ status: "DUE" })
      .where(failed)
      .returning({ id: refundClaimTable.id });
    return reopened.length > 0;
  },

  async decide(operationId, status, at) {
    const set = status === "DONE" ? { status } : { status, failedAt: at, attempts: sql`attempts + 1` };
    await tx.update(refundClaimTable).set(set).where(eq(refundClaimTable.operationId, operationId));
  },

  async closeRefused(paymentId, reason) {
    const refused = and(
      eq(refundClaimTable.paymentId, paymentId),
      eq(refundClaimTable.kind, "RETURN"),
      eq(refundClaimTable.reason, reason),
      or(
        eq(refundClaimTable.status, "FAILED"),
        and(eq(refundClaimTable.status, "DUE"), gt(refundClaimTable.attempts, 0)),
      ),
    );
    await tx.update(refundClaimTable).set({ status: "DONE" }).where(refused);
  },
});
