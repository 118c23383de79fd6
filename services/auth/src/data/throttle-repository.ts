import type { Transaction } from "@tandem/postgres";
import { eq, inArray, lt } from "drizzle-orm";
import type { ThrottleRepository } from "../biz/ports.ts";
import { throttleTable } from "./schema.ts";

export const makeThrottleRepository = (tx: Transaction): ThrottleRepository => ({
  async lockByKey(key, now) {
    // There is a row to lock from the first attempt on: two first ones at once take turns as well.
    await tx.insert(throttleTable).values({ key, failed: 0, lastAt: now }).onConflictDoNothing();
    const [row] = await tx.select().from(throttleTable).where(eq(throttleTable.key, key)).for("update");
    return row && { failed: row.failed, lockedUntil: row.lockedUntil ?? undefined, lastAt: row.lastAt };
  },

  async save(key, { failed, lockedUntil, lastAt }) {
    await tx
      .update(throttleTable)
      .set({ failed, lockedUntil: lockedUntil ?? null, lastAt })
      .where(eq(throttleTable.key, key));
  },

  async delete(key) {
    await tx.delete(throttleTable).where(eq(throttleTable.key, key));
  },

  async deleteIdle(before, limit) {
    const idle = tx
      .select({ key: throttleTable.key })
      .from(throttleTable)
      .where(lt(throttleTable.lastAt, before))
      .limit(limit)
      .for("update", { skipLocked: true });
    const deleted = await tx
      .delete(throttleTable)
      .where(inArray(throttleTable.key, idle))
      .returning({ key: throttleTable.key });
    return deleted.length;
  },
});
