import { startEmbeddedPostgres } from "@tandem/embedded-postgres";
import { createDatabase, type Database, migrate } from "@tandem/postgres";
import { messagingMigrations } from "../src/migrations.ts";

export interface BenchDatabase extends AsyncDisposable {
  readonly url: string;
  readonly postmaster: number;
  open(name: string, maxConnections: number): Database;
}

/** A durable Postgres (fsync and synchronous_commit on) with a fresh database, under /var/tmp. */
export const startBenchDatabase = async (): Promise<BenchDatabase> => {
  const server = await startEmbeddedPostgres({ dataDir: "/var/tmp/tandem-bench-messaging", port: 0, durable: true });
  const name = `bench_${Date.now()}`;
  await withAdmin(server.adminUrl, `create database ${name}`);
  const url = new URL(server.adminUrl);
  url.pathname = `/${name}`;
  await migrate({ url: url.href, sets: [messagingMigrations] });
  const opened: Database[] = [];
  return {
    url: url.href,
    postmaster: server.pid,
    open: (poolName, maxConnections) => {
      const database = createDatabase({ url: url.href, name: poolName, maxConnections });
      opened.push(database);
      return database;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(opened.map((database) => database.dispose()));
      await withAdmin(server.adminUrl, `drop database ${name} with (force)`);
      await server.stop();
    },
  };
};

const withAdmin = async (url: string, sql: string): Promise<void> => {
  await using admin = createDatabase({ url, name: "bench admin", maxConnections: 1, statementTimeoutMs: 0 });
  await admin.query(sql);
};
