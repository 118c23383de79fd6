import type { Transaction } from "@tandem/postgres";
import { inArray, sql } from "drizzle-orm";
import type { SigningKeyRepository } from "../biz/ports.ts";
import { signingKeyTable } from "./schema.ts";

export const makeSigningKeyRepository = (tx: Transaction): SigningKeyRepository => ({
  async lockAll() {
    // The table may be empty, so there is no row to lock.
    await tx.execute(sql`select pg_advisory_xact_lock(hashtext('tandem.auth.signing_key'))`);
    return tx.select().from(signingKeyTable).orderBy(signingKeyTable.activeFrom);
  },

  async create(key) {
    await tx.insert(signingKeyTable).values({ ...key });
  },

  async delete(kids) {
    if (kids.length > 0) await tx.delete(signingKeyTable).where(inArray(signingKeyTable.kid, [...kids]));
  },
});
