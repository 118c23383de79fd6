import type { Transaction } from "@tandem/postgres";
import { and, eq, inArray, isNull, lt } from "drizzle-orm";
import type { VerificationRepository } from "../biz/ports.ts";
import { verificationFromRow, verificationToRow } from "./rows.ts";
import { verificationTable as table } from "./schema.ts";

export const makeVerificationRepository = (tx: Transaction): VerificationRepository => ({
  async getByHash(tokenHash) {
    const [row] = await tx.select().from(table).where(eq(table.tokenHash, tokenHash));
    return row && verificationFromRow(row);
  },

  async lockById(verificationId) {
    const [row] = await tx.select().from(table).where(eq(table.id, verificationId)).for("update");
    return row && verificationFromRow(row);
  },

  async lockOpen(userId, purpose) {
    const [row] = await tx
      .select()
      .from(table)
      .where(and(eq(table.userId, userId), eq(table.purpose, purpose), isNull(table.usedAt)))
      .for("update");
    return row && verificationFromRow(row);
  },

  async create(verification) {
    await tx.insert(table).values(verificationToRow(verification));
  },

  async update(verification) {
    await tx.update(table).set(verificationToRow(verification)).where(eq(table.id, verification.id));
  },

  async delete(verificationId) {
    await tx.delete(table).where(eq(table.id, verificationId));
  },

  async deleteByUserId(userId) {
    await tx.delete(table).where(eq(table.userId, userId));
  },

  async deleteExpired(before, limit) {
    const expired = tx
      .select({ id: table.id })
      .from(table)
      .where(lt(table.expiresAt, before))
      .limit(limit)
      .for("update", { skipLocked: true });
    const deleted = await tx.delete(table).where(inArray(table.id, expired)).returning({ id: table.id });
    return deleted.length;
  },
});
