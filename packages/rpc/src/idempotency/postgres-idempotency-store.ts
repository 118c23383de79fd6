import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Database, MigrationSet } from "@tandem/postgres";
import type { Logger } from "@tandem/runtime";
import type { IdempotencyKey, IdempotencyOutcome, IdempotencyStore } from "./idempotency-store.ts";
import { sayAgain } from "./say-again.ts";

/** The tables of this package: idempotency keys. */
export const rpcMigrations: MigrationSet = { name: "rpc", dir: join(import.meta.dirname, "../../migrations") };

export interface PostgresIdempotencyStoreOptions {
  /** How long a response is kept, in milliseconds. Default 24 hours. */
  readonly retentionMs?: number;
  /** Pause between sweeps of expired rows, which ride on completed calls. Default 10 minutes; 0 = never sweep. */
  readonly sweepEveryMs?: number;
  /**
   * For how long the end of an execution is told to a database that is away, in milliseconds, twice a second. Default 60 000: without it a key
   * whose execution failed with the database stays taken until its lease ends.
   */
  readonly repeatForMs?: number;
  readonly log?: Logger;
}

export interface PostgresIdempotencyStore extends IdempotencyStore {
  /** Deletes up to 1 000 expired rows and says how many. */
  sweep(): Promise<number>;
}

interface Row {
  readonly token: string;
  readonly mine: boolean;
  readonly same: boolean;
  readonly response: Buffer | null;
}

const MS = "double precision * interval '1 millisecond'";

// One statement decides: a fresh key, an expired one, or one whose executor died (lease over, same request) becomes ours. Otherwise nothing is
// written and the row that stands in the way is read. clock_timestamp: a statement that waited for the row judges by the time it got it.
// It does not wait for the disk: what the execution commits is later in the same log and takes this with it, and of an execution that committed nothing
// nothing need be remembered after a crash of Postgres.
const BEGIN = `
  WITH relaxed AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true)
  ), taken AS (
    INSERT INTO tandem.idempotency_key AS held (principal, method, key, request_hash, token, locked_until, expires_at)
    SELECT $1::text, $2::text, $3::text, $4::bytea, $5::uuid, clock_timestamp() + $6::${MS}, clock_timestamp() + $7::${MS} FROM relaxed
    ON CONFLICT (principal, method, key) DO UPDATE
      SET request_hash = excluded.request_hash, token = excluded.token, locked_until = excluded.locked_until,
          response = NULL, expires_at = excluded.expires_at
      WHERE held.expires_at <= clock_timestamp()
         OR (held.response IS NULL AND held.locked_until <= clock_timestamp() AND held.request_hash = excluded.request_hash)
    RETURNING token
  )
  SELECT token::text, true AS mine, true AS same, NULL::bytea AS response FROM taken
  UNION ALL
  SELECT token::text, false, request_hash = $4, response FROM tandem.idempotency_key
  WHERE principal = $1 AND method = $2 AND key = $3 AND NOT EXISTS (SELECT 1 FROM taken)`;

/** Remembers responses in `tandem.idempotency_key`, timed by the database's clock. Needs {@link rpcMigrations}. */
export const createPostgresIdempotencyStore = (
  database: Pick<Database, "query">,
  options: PostgresIdempotencyStoreOptions = {},
): PostgresIdempotencyStore => {
  const { retentionMs = 86_400_000, sweepEveryMs = 600_000, repeatForMs = 60_000, log } = options;
  const patience = { everyMs: 500, forMs: repeatForMs };
  let sweptAt = performance.now();

  const begin = async (id: IdempotencyKey, requestHash: Uint8Array, leaseMs: number): Promise<IdempotencyOutcome> => {
    const token = randomUUID();
    try {
      return await decide(id, requestHash, leaseMs, token);
    } catch (error) {
      // The row may be there although its answer was lost, and nobody else knows its token.
      abandon(id, token).catch(() => {});
      throw error;
    }
  };

  const decide = async (
    id: IdempotencyKey,
    requestHash: Uint8Array,
    leaseMs: number,
    token: string,
  ): Promise<IdempotencyOutcome> => {
    const values = [id.principal, id.method, id.key, Buffer.from(requestHash), token, leaseMs, retentionMs];
    // A row committed by another between the statement's snapshot and its conflict check is invisible to the second half: ask again.
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const { rows } = await database.query<Row & Record<string, unknown>>({
        name: "tandem-idempotency-begin",
        text: BEGIN,
        values,
      });
      const row = rows[0];
      if (row === undefined) continue;
      if (row.mine) return { kind: "new", token };
      if (!row.same) return { kind: "mismatch" };
      return row.response === null ? { kind: "in_progress" } : { kind: "replay", response: row.response };
    }
    return { kind: "in_progress" };
  };

  const complete = async (id: IdempotencyKey, token: string, response: Uint8Array): Promise<boolean> => {
    const write = () =>
      database.query({
        name: "tandem-idempotency-complete",
        text: "UPDATE tandem.idempotency_key SET response = $5 WHERE principal = $1 AND method = $2 AND key = $3 AND token = $4",
        values: [id.principal, id.method, id.key, token, Buffer.from(response)],
      });
    const { rowCount } = await sayAgain(write, patience);
    if (sweepEveryMs > 0 && performance.now() - sweptAt > sweepEveryMs) {
      sweptAt = performance.now();
      sweep().catch((err: unknown) => log?.warn({ err }, "expired idempotency keys could not be deleted"));
    }
    return rowCount === 1;
  };

  const abandon = async (id: IdempotencyKey, token: string): Promise<void> => {
    const write = () =>
      database.query({
        name: "tandem-idempotency-abandon",
        text: "DELETE FROM tandem.idempotency_key WHERE principal = $1 AND method = $2 AND key = $3 AND token = $4 AND response IS NULL",
        values: [id.principal, id.method, id.key, token],
      });
    await sayAgain(write, patience);
  };

  const sweep = async (): Promise<number> => {
    const { rowCount } = await database.query(
      `DELETE FROM tandem.idempotency_key WHERE (principal, method, key) IN (
         SELECT principal, method, key FROM tandem.idempotency_key WHERE expires_at < clock_timestamp() ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED)`,
    );
    return rowCount ?? 0;
  };
  if (!(retentionMs > 0)) throw new RangeError("retentionMs must be positive.");
  return { begin, complete, abandon, sweep };
};
