import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@tandem/embedded-postgres";
import { pollUntil } from "@tandem/testkit";

export interface TestPostgres extends AsyncDisposable {
  readonly adminUrl: string;
  /** Immediate shutdown: no checkpoint, every connection cut. It recovers from its log and comes back on the same port. */
  crashAndRestart(): Promise<void>;
}

// The processes die here, never the machine: commits must reach the kernel, they need not reach the disk.
const SETTINGS = { synchronous_commit: "on", full_page_writes: "off", max_wal_size: "256MB" };

/** A Postgres of its own, for a suite that crashes it. */
export const startPostgres = async (): Promise<TestPostgres> => {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "tandem-e2e-"));
  await chmod(dir, 0o755); // as root, Postgres runs as somebody else
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const start = (port: number): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({ dataDir: join(dir, "data"), port, durable: false, settings: SETTINGS });
  let server = await start(0);
  stack.defer(() => server.stop());
  const owned = stack.move();
  return {
    adminUrl: server.adminUrl,
    crashAndRestart: async () => {
      const { pid, port } = server;
      process.kill(pid, "SIGQUIT");
      await pollUntil(() => !isAlive(pid), { timeoutMs: 20_000, message: "the end of Postgres" });
      server = await start(port);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
