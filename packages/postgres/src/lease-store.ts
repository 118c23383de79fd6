import { join } from "node:path";
import type { Database } from "./database.ts";
import type { MigrationSet } from "./migration-files.ts";

/** The tables of this package: leases. */
export const postgresMigrations: MigrationSet = { name: "postgres", dir: join(import.meta.dirname, "../migrations") };

/** What `@tandem/resilience`'s lease lock asks of a store. */
export interface PostgresLeaseStore {
  /** The lease with a fencing token higher than any before, or undefined while somebody else's is running. */
  acquire(name: string, owner: string, leaseMs: number): Promise<{ readonly token: bigint } | undefined>;
  /** Extends the lease when it is still this owner's with this token and has not run out. */
  renew(name: string, owner: string, token: bigint, leaseMs: number): Promise<boolean>;
  /** Ends the lease when it is still this owner's with this token. */
  release(name: string, owner: string, token: bigint): Promise<boolean>;
}

const LEASE = "$3::double precision * interval '1 millisecond'";

/** Leases in table `tandem.lease`, timed by the database's clock alone. One statement each; needs {@link postgresMigrations}. */
export const createPostgresLeaseStore = (database: Pick<Database, "query">): PostgresLeaseStore => {
  const changed = async (name: string, text: string, values: unknown[]) =>
    ((await database.query({ name, text, values })).rowCount ?? 0) > 0;
  return {
    acquire: async (name, owner, leaseMs) => {
      // clock_timestamp, not now(): a statement that waited for the row's lock must judge by the time it got it.
      const { rows } = await database.query<{ token: string }>({
        name: "tandem-lease-acquire",
        text: `INSERT INTO tandem.lease AS held (resource, owner, token, expires_at)
          VALUES ($1, $2, nextval('tandem.lease_token'), clock_timestamp() + ${LEASE})
          ON CONFLICT (resource) DO UPDATE
            SET owner = excluded.owner, token = nextval('tandem.lease_token'), expires_at = clock_timestamp() + ${LEASE}
            WHERE held.expires_at <= clock_timestamp()
          RETURNING token::text`,
        values: [name, owner, leaseMs],
      });
      return rows[0] && { token: BigInt(rows[0].token) };
    },
    renew: (name, owner, token, leaseMs) =>
      changed(
        "tandem-lease-renew",
        `UPDATE tandem.lease SET expires_at = clock_timestamp() + ${LEASE}
         WHERE resource = $1 AND owner = $2 AND token = $4 AND expires_at > clock_timestamp()`,
        [name, owner, leaseMs, token.toString()],
      ),
    release: (name, owner, token) =>
      changed("tandem-lease-release", "DELETE FROM tandem.lease WHERE resource = $1 AND owner = $2 AND token = $3", [
        name,
        owner,
        token.toString(),
      ]),
  };
};
