import type { Transaction } from "@tandem/postgres";
import { and, eq, inArray, isNull, lt, or } from "drizzle-orm";
import type { SessionRepository } from "../biz/ports.ts";
import { sessionFromRow, sessionToRow } from "./rows.ts";
import { sessionTable } from "./schema.ts";

export const makeSessionRepository = (tx: Transaction): SessionRepository => ({
  async create(session) {
    await tx.insert(sessionTable).values(sessionToRow(session));
  },

  async lockById(sessionId) {
    const [row] = await tx.select().from(sessionTable).where(eq(sessionTable.id, sessionId)).for("update");
    return row && sessionFromRow(row);
  },

  async lockOpenByUserId(userId) {
    const rows = await tx
      .select()
      .from(sessionTable)
      .where(and(eq(sessionTable.userId, userId), isNull(sessionTable.endedAt)))
      .orderBy(sessionTable.id)
      .for("update");
    return rows.map(sessionFromRow);
  },

  async update(session) {
    await tx.update(sessionTable).set(sessionToRow(session)).where(eq(sessionTable.id, session.id));
  },

  async deleteOver(before, limit) {
    const over = tx
      .select({ id: sessionTable.id })
      .from(sessionTable)
      .where(or(lt(sessionTable.expiresAt, before), lt(sessionTable.endedAt, before)))
      .limit(limit)
      .for("update", { skipLocked: true });
    const deleted = await tx
      .delete(sessionTable)
      .where(inArray(sessionTable.id, over))
      .returning({ id: sessionTable.id });
    return deleted.length;
  },
});
