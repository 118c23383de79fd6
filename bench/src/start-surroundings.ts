import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startEmbeddedPostgres } from "@tandem/embedded-postgres";
import { createDatabase, type Database, type MigrationSet, migrate } from "@tandem/postgres";

export interface BenchDatabase extends AsyncDisposable {
  readonly url: string;
  open(name: string, maxConnections: number): Database;
}

export interface Surroundings extends AsyncDisposable {
  readonly postgresVersion: string;
  readonly durability: Readonly<Record<string, string>>;
  /** A fresh database with these migrations; dropped when disposed of. */
  database(name: string, sets: readonly MigrationSet[]): Promise<BenchDatabase>;
}

/** A durable Postgres of the bench's own: fsync and synchronous_commit on, on the disk. */
export const startSurroundings = async (): Promise<Surroundings> => {
  const dir = await mkdtemp("/var/tmp/tandem-bench-");
  const server = await startEmbeddedPostgres({ dataDir: join(dir, "postgres"), port: 0, durable: true });
  const asAdmin = async <T extends Record<string, unknown>>(sql: string) => {
    await using admin = createDatabase({
      url: server.adminUrl,
      name: "bench admin",
      maxConnections: 1,
      statementTimeoutMs: 0,
    });
    return (await admin.query<T>(sql)).rows;
  };
  const connectionsTo = async (database: string): Promise<number> =>
    (await asAdmin(`select 1 as one from pg_stat_activity where datname = '${database}'`)).length;
  const settings = ["fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_connections"];
  const durability: Record<string, string> = {};
  for (const name of settings) durability[name] = String((await asAdmin(`show ${name}`))[0]?.[name]);
  if (durability["fsync"] !== "on" || durability["synchronous_commit"] !== "on")
    throw new Error("this Postgres is not durable");
  let made = 0;
  return {
    postgresVersion: String((await asAdmin("show server_version"))[0]?.["server_version"]),
    durability,
    async database(name, sets) {
      made += 1;
      const database = `bench_${name}_${made}`;
      await asAdmin(`create database ${database}`);
      const url = new URL(server.adminUrl);
      url.pathname = `/${database}`;
      if (sets.length > 0) await migrate({ url: url.href, sets, direction: "up" });
      const opened: Database[] = [];
      return {
        url: url.href,
        open: (pool, maxConnections) => {
          const one = createDatabase({ url: url.href, name: pool, maxConnections });
          opened.push(one);
          return one;
        },
        [Symbol.asyncDispose]: async () => {
          await Promise.all(opened.map((one) => one.dispose()));
          // A peer's pool may still be closing; a connection that is cut under it is an error that nobody there listens to.
          for (let patience = 50; patience > 0 && (await connectionsTo(database)) > 0; patience -= 1) await sleep(100);
          await asAdmin(`drop database ${database} with (force)`);
        },
      };
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
