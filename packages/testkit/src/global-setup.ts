import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmbeddedPostgres, removeEmbeddedPostgres, startEmbeddedPostgres } from "@tandem/embedded-postgres";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the run's Postgres says that it is ready. */
    readonly testPostgresDir: string;
  }
}

const PREFIX = "tandem-test-";

/**
 * Vitest global setup: one throw-away Postgres per run. It comes up beside the tests, which wait for it only when they
 * ask for a database, and takes with it what killed runs left behind.
 */
export const setup = (project: TestProject): (() => Promise<void>) => {
  const dir = mkdtempSync(join(tmpdir(), PREFIX));
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

const start = async (dir: string): Promise<EmbeddedPostgres> => {
  const answer = async (value: object) => {
    await writeFile(join(dir, "answer.partial"), JSON.stringify(value));
    await rename(join(dir, "answer.partial"), join(dir, "answer.json"));
  };
  try {
    const server = await startEmbeddedPostgres({ dataDir: join(dir, "data"), port: 0, durable: false });
    await answer({ adminUrl: server.adminUrl });
    return server;
  } catch (error) {
    await answer({ error: error instanceof Error ? error.message : String(error) });
    throw error;
  }
};

const removeLeftovers = async (): Promise<void> => {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const dir = join(tmpdir(), name);
    const owner = Number(await readFile(join(dir, "owner"), "utf8").catch(() => ""));
    if (!owner || isAlive(owner)) continue;
    await removeEmbeddedPostgres(join(dir, "data")).catch(() => {});
    await rm(dir, { recursive: true, force: true });
  }
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};
