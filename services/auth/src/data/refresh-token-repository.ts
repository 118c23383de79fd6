import type { Transaction } from "@tandem/postgres";
import { eq, inArray, lt } from "drizzle-orm";
import type { RefreshTokenRepository } from "../biz/ports.ts";
import { tokenFromRow } from "./rows.ts";
import { refreshTokenTable } from "./schema.ts";

export const makeRefreshTokenRepository = (tx: Transaction): RefreshTokenRepository => ({
  async getByHash(hash) {
    const [row] = await tx.select().from(refreshTokenTable).where(eq(refreshTokenTable.hash, hash));
    return row && tokenFromRow(row);
  },

  async create(token) {
    await tx.insert(refreshTokenTable).values({
      ...token,
      successorHash: token.successorHash ?? null,
      usedAt: token.usedAt ?? null,
    });
  },

  async markUsed(hash, successorHash, usedAt) {
    await tx.update(refreshTokenTable).set({ usedAt, successorHash }).where(eq(refreshTokenTable.hash, hash));
  },

  async deleteExpired(before, limit) {
    const expired = tx
      .select({ hash: refreshTokenTable.hash })
      .from(refreshTokenTable)
      .where(lt(refreshTokenTable.expiresAt, before))
      .limit(limit)
      .for("update", { skipLocked: true });
    const deleted = await tx
      .delete(refreshTokenTable)
      .where(inArray(refreshTokenTable.hash, expired))
      .returning({ hash: refreshTokenTable.hash });
    return deleted.length;
  },
});
