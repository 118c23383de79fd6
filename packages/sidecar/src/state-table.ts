import type pg from "pg";

export interface StateRow {
  readonly key: string;
  readonly value: Uint8Array;
  readonly etag: string;
  readonly expiresAt: Date | undefined;
}

export interface StateWrite {
  readonly key: string;
  /** Undefined: delete. */
  readonly value: Uint8Array | undefined;
  /** Only if the row has this etag. */
  readonly etag?: string | undefined;
  /** First write wins: without an etag, only if there is no row. */
  readonly firstWrite: boolean;
  readonly ttlSeconds?: number | undefined;
}

/** A write lost against another one. */
export class EtagMismatch extends Error {
  override readonly name = "EtagMismatch";
  constructor(key: string) {
    super(`possible etag mismatch. error from state store: ${key}`);
  }
}

/** Keys as daprd's Postgres store keeps them, with the semantics of that store. */
export interface StateTable {
  get(keys: readonly string[]): Promise<ReadonlyMap<string, StateRow>>;
  /** All or nothing; `also` runs in the same transaction. @throws EtagMismatch */
  write(writes: readonly StateWrite[], also?: (client: pg.ClientBase) => Promise<void>): Promise<void>;
  removeExpired(): Promise<void>;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const createStateTable = (pool: pg.Pool): StateTable => ({
  get: async (keys) => {
    const { rows } = await pool.query({ name: "state get", text: GET, values: [keys] });
    return new Map(
      rows.map(({ key, value, etag, expires_at }) => [key, { key, value, etag, expiresAt: expires_at ?? undefined }]),
    );
  },

  write: async (writes, also) => {
    const [only] = writes;
    if (writes.length === 1 && only !== undefined && also === undefined) return writeOne(pool, only);
    const client = await pool.connect();
    let broken = false;
    try {
      // Sent, and not waited for before the first write: the pool's connections keep the order.
      const begun = client.query("BEGIN");
      begun.catch(ignore);
      for (const write of writes) await writeOne(client, write);
      await begun;
      await also?.(client);
      await client.query("COMMIT");
    } catch (error) {
      await client.query("ROLLBACK").catch(() => {
        broken = true;
      });
      throw error;
    } finally {
      client.release(broken);
    }
  },

  removeExpired: async () => {
    await pool.query("DELETE FROM sidecar.state WHERE expires_at < now()");
  },
});

const ignore = () => undefined;

const GET =
  "SELECT key, value, etag, expires_at FROM sidecar.state WHERE key = ANY($1) AND (expires_at IS NULL OR expires_at >= now())";

const EXPIRES = "CASE WHEN $3::float8 IS NULL THEN NULL ELSE now() + $3::float8 * interval '1 second' END";

const UPSERT = `INSERT INTO sidecar.state AS t (key, value, expires_at) VALUES ($1, $2, ${EXPIRES})
ON CONFLICT (key) DO UPDATE SET value = excluded.value, etag = gen_random_uuid(), expires_at = excluded.expires_at`;

const UPSERT_FIRST = `${UPSERT} WHERE t.expires_at < now()`;

const UPDATE = `UPDATE sidecar.state SET value = $2, etag = gen_random_uuid(), expires_at = ${EXPIRES}
WHERE key = $1 AND etag = $4 AND (expires_at IS NULL OR expires_at >= now())`;

const upsert = (firstWrite: boolean) =>
  firstWrite ? { name: "state upsert first", text: UPSERT_FIRST } : { name: "state upsert", text: UPSERT };

const writeOne = async (db: pg.Pool | pg.ClientBase, write: StateWrite): Promise<void> => {
  const { key, value, etag, firstWrite, ttlSeconds = null } = write;
  if (etag !== undefined && !UUID.test(etag)) throw new EtagMismatch(key);
  if (value === undefined) {
    const { rowCount } = await (etag === undefined
      ? db.query("DELETE FROM sidecar.state WHERE key = $1", [key])
      : db.query("DELETE FROM sidecar.state WHERE key = $1 AND etag = $2", [key, etag]));
    if (rowCount === 0 && etag !== undefined) throw new EtagMismatch(key);
    return;
  }
  const bytes = Buffer.from(value);
  const { rowCount } = await db.query(
    etag === undefined
      ? { ...upsert(firstWrite), values: [key, bytes, ttlSeconds] }
      : { name: "state update", text: UPDATE, values: [key, bytes, ttlSeconds, etag] },
  );
  if (rowCount === 0) throw new EtagMismatch(key);
};
