import { chmodSync, mkdtempSync, statfsSync, writeFileSync } from "node:fs";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import {
  type EmbeddedPostgres,
  isProcessAlive,
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from "@tandem/embedded-postgres";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the run's Postgres says that it is ready. */
    readonly testPostgresDir: string;
  }
}

const PREFIX = "tandem-test-";
// Cloning a database creates some 300 files: 7 ms in memory, 100-300 ms on a virtual machine's disk (measured).
const MEMORY_DIR = "/dev/shm";
const MEMORY_NEEDED_BYTES = 2 * 1024 ** 3;

/**
 * Vitest global setup: one throw-away Postgres per run. It comes up beside the tests, which wait for it only when they
 * ask for a database, and takes with it what killed runs left behind.
 */
export const setup = (project: TestProject): (() => Promise<void>) => {
  const dir = mkdtempSync(join(pickHome(), PREFIX));
  chmodSync(dir, 0o755); // as root, Postgres runs as somebody else
  writeFileSync(join(dir, "owner"), String(process.pid));
  project.provide("testPostgresDir", dir);
  const starting = removeLeftovers().then(() => start(dir));
  starting.catch(() => {}); // createTestDatabase reports it
  return async () => {
    const server = await starting.catch(() => undefined);
    await server?.stop();
    await rm(dir, { recursive: true, force: true });
  };
};

const SMALL = { wal_level: "minimal", max_wal_senders: "0", min_wal_size: "32MB", max_wal_size: "256MB" };

/** Memory where there is plenty of it (a container's default of 64 MB is not), else the temporary directory. */
const pickHome = (): string => {
  try {
    const { bavail, bsize } = statfsSync(MEMORY_DIR);
    return bavail * bsize >= MEMORY_NEEDED_BYTES ? MEMORY_DIR : tmpdir();
  } catch {
    return tmpdir();
  }
};

const start = async (dir: string): Promise<EmbeddedPostgres> => {
  const answer = async (value: object) => {
    await writeFile(join(dir, "answer.partial"), JSON.stringify(value));
    await rename(join(dir, "answer.partial"), join(dir, "answer.json"));
  };
  try {
    const server = await startEmbeddedPostgres({
      dataDir: join(dir, "data"),
      port: 0,
      durable: false,
      settings: SMALL,
    });
    await answer({ adminUrl: server.adminUrl });
    return server;
  } catch (error) {
    await answer({ error: error instanceof Error ? error.message : String(error) });
    throw error;
  }
};

const removeLeftovers = async (): Promise<void> => {
  const homes = await Promise.all([MEMORY_DIR, tmpdir()].map(async (home) => [home, await list(home)] as const));
  for (const dir of homes.flatMap(([home, names]) => names.map((name) => join(home, name)))) {
    if (!basename(dir).startsWith(PREFIX)) continue;
    const owner = Number(await readFile(join(dir, "owner"), "utf8").catch(() => ""));
    if (!owner || isProcessAlive(owner)) continue;
    await removeEmbeddedPostgres(join(dir, "data")).catch(() => {});
    await rm(dir, { recursive: true, force: true });
  }
};

const list = (dir: string): Promise<string[]> => readdir(dir).catch(() => []);
