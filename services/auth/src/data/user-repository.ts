import type { Transaction } from "@tandem/postgres";
import { eq } from "drizzle-orm";
import type { UserRepository } from "../biz/ports.ts";
import { userFromRow, userToRow } from "./rows.ts";
import { userTable } from "./schema.ts";

export const makeUserRepository = (tx: Transaction): UserRepository => ({
  async lockById(userId) {
    const [row] = await tx.select().from(userTable).where(eq(userTable.id, userId)).for("update");
    return row && userFromRow(row);
  },

  async getById(userId) {
    const [row] = await tx.select().from(userTable).where(eq(userTable.id, userId));
    return row && userFromRow(row);
  },

  async lockByEmailKey(emailKey) {
    const [row] = await tx.select().from(userTable).where(eq(userTable.emailKey, emailKey)).for("update");
    return row && userFromRow(row);
  },

  async createIfAbsent(user) {
    const created = await tx
      .insert(userTable)
      .values(userToRow(user))
      .onConflictDoNothing()
      .returning({ id: userTable.id });
    return created.length > 0;
  },

  async update(user) {
    await tx.update(userTable).set(userToRow(user)).where(eq(userTable.id, user.id));
  },
});
