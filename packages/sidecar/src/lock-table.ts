import type pg from "pg";

export type UnlockResult = "success" | "missing" | "foreign";

export interface LockTable {
  tryLock(store: string, resource: string, owner: string, seconds: number): Promise<boolean>;
  unlock(store: string, resource: string, owner: string): Promise<UnlockResult>;
}

export const createLockTable = (pool: pg.Pool): LockTable => ({
  tryLock: async (store, resource, owner, seconds) => {
    const { rowCount } = await pool.query(
      `INSERT INTO sidecar.lock AS l (store, resource, owner, expires_at) VALUES ($1, $2, $3, now() + $4 * interval '1 second')
       ON CONFLICT (store, resource) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at
       WHERE l.expires_at < now()`,
      [store, resource, owner, seconds],
    );
    return rowCount === 1;
  },
  unlock: async (store, resource, owner) => {
    const { rows } = await pool.query(
      "SELECT owner FROM sidecar.lock WHERE store = $1 AND resource = $2 AND expires_at >= now()",
      [store, resource],
    );
    if (rows[0] === undefined) return "missing";
    if (rows[0].owner !== owner) return "foreign";
    await pool.query("DELETE FROM sidecar.lock WHERE store = $1 AND resource = $2 AND owner = $3", [
      store,
      resource,
      owner,
    ]);
    return "success";
  },
});
