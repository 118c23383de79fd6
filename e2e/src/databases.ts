import { type ContextName, serviceOf } from "@tandem/contracts";
import pg from "pg";

export type Row = Record<string, unknown>;

/** Every database of the platform, to look into. */
export interface Databases extends AsyncDisposable {
  query<R extends Row>(context: ContextName | "sidecar", text: string, values?: readonly unknown[]): Promise<R[]>;
  /** Runs a statement and keeps its transaction, with the locks that it took, until the end. It is rolled back. */
  hold(context: ContextName, text: string, values?: readonly unknown[]): Promise<AsyncDisposable>;
}

export const openDatabases = (urls: ReadonlyMap<string, string>, sidecarUrl: string): Databases => {
  const pools = new Map<string, pg.Pool>();
  const poolOf = (context: ContextName | "sidecar"): pg.Pool => {
    const known = pools.get(context);
    if (known) return known;
    const connectionString = context === "sidecar" ? sidecarUrl : urls.get(serviceOf(context).database);
    const pool = new pg.Pool({ connectionString, max: 2 });
    pool.on("error", () => {}); // a restart of Postgres; the next statement reports it
    pools.set(context, pool);
    return pool;
  };
  return {
    query: async <R extends Row>(context: ContextName | "sidecar", text: string, values: readonly unknown[] = []) =>
      (await poolOf(context).query<R>(text, [...values])).rows,
    hold: async (context, text, values = []) => {
      const client = await poolOf(context).connect();
      let ended = false;
      const end = async () => {
        if (ended) return;
        ended = true;
        try {
          await client.query("rollback");
        } finally {
          client.release();
        }
      };
      try {
        await client.query("begin");
        await client.query(text, [...values]);
      } catch (error) {
        await end();
        throw error;
      }
      return { [Symbol.asyncDispose]: end };
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    },
  };
};
