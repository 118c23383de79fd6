import { type ContextName, serviceOf } from "@tandem/contracts";
import pg from "pg";

export type Row = Record<string, unknown>;

/** Every database of the platform, to look into. */
export interface Databases extends AsyncDisposable {
  query<R extends Row>(context: ContextName | "sidecar", text: string, values?: readonly unknown[]): Promise<R[]>;
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
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    },
  };
};
