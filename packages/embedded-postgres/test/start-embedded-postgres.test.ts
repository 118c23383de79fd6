import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import {
  type EmbeddedPostgres,
  isProcessAlive,
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
  throughSocket,
} from "@tandem/embedded-postgres";
import { isAppError } from "@tandem/kernel";
import { pollUntil } from "@tandem/testkit";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { copyNative, findBinaries, isReachable, linkLibraries } from "../src/binaries.ts";

// Each test prepares a data directory, which is a second of work alone and ten beside a busy neighbour.
vi.setConfig({ testTimeout: 90_000 });

let home: string;
let dataDir: string;

beforeEach(async () => {
  home = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "embedded-"));
  await chmod(home, 0o755);
  dataDir = join(home, "data");
});
afterEach(async () => {
  await removeEmbeddedPostgres(dataDir);
  await rm(home, { recursive: true, force: true });
});

const query = async (url: string, text: string) => {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
};
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => "it passed",
    (error: unknown) => (isAppError(error) ? error.code : error),
  );

/** A process that starts a server, reports it, and lives until it is killed. */
const startInChild = async (
  durable: boolean,
): Promise<{ child: ChildProcess; server: Pick<EmbeddedPostgres, "pid" | "port"> }> => {
  const script = `
    import { startEmbeddedPostgres } from "@tandem/embedded-postgres";
    process.on("SIGTERM", () => process.exit(0));
    const { pid, port } = await startEmbeddedPostgres({ dataDir: process.argv[1], port: 0, durable: ${durable} });
    console.log(JSON.stringify({ pid, port }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, dataDir], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = await once(lines, "line");
  return { child, server: JSON.parse(line as string) };
};

describe("start and stop", () => {
  test("a new directory becomes a UTF-8 database whose order does not depend on the machine, and keeps its data", async () => {
    const steps: string[] = [];
    const first = await startEmbeddedPostgres({
      dataDir,
      port: 0,
      durable: true,
      onProgress: (step) => steps.push(step),
    });
    expect(steps).toEqual(["Preparing a new Postgres data directory", "Starting Postgres"]);
    const [settings] = await query(
      first.adminUrl,
      `SELECT current_setting('server_encoding') AS encoding, datlocprovider AS provider, datlocale AS locale,
        current_setting('fsync') AS fsync, current_setting('max_connections') AS connections
       FROM pg_database WHERE datname = 'postgres'`,
    );
    expect(settings).toEqual({ encoding: "UTF8", provider: "b", locale: "C.UTF-8", fsync: "on", connections: "300" });
    await query(first.adminUrl, "CREATE TABLE kept (id int)");
    await first.stop();
    expect(isProcessAlive(first.pid)).toBe(false);
    await using second = await startEmbeddedPostgres({ dataDir, port: 0, durable: true });
    expect(await query(second.adminUrl, "SELECT to_regclass('kept')::text AS name")).toEqual([{ name: "kept" }]);
  });

  test("a wrong password is refused", async () => {
    await using server = await startEmbeddedPostgres({ dataDir, port: 0, durable: false, password: "right" });
    expect(await failure(query(server.adminUrl.replace("right", "wrong"), "SELECT 1"))).toMatchObject({
      code: "28P01",
    });
  });

  test("a port that somebody else holds is an error that names it, and leaves no server behind", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = holder.address() as { port: number };
    const error = await startEmbeddedPostgres({ dataDir, port, durable: false }).catch((cause: unknown) => cause);
    expect(isAppError(error, "embedded_postgres.port_in_use") && error.message).toContain(String(port));
    await expect(stat(join(dataDir, "postmaster.pid"))).rejects.toThrow("ENOENT");
    holder.close();
  });

  test("the same database is to be had through a socket that only the server's user may reach", async () => {
    await using server = await startEmbeddedPostgres({ dataDir, port: 0, durable: false });
    const url = throughSocket(server.adminUrl, server);
    expect(await query(url, "SELECT inet_client_addr() AS address")).toEqual([{ address: null }]);
    expect(await failure(query(url.replace("tandem", "wrong"), "SELECT 1"))).toMatchObject({ code: "28P01" });
    expect((await stat(server.socketDir ?? "")).mode & 0o077).toBe(0);
  });

  test("a path too long for a socket leaves TCP", async () => {
    const deep = join(home, "a".repeat(100));
    await using server = await startEmbeddedPostgres({ dataDir: deep, port: 0, durable: false });
    expect(throughSocket(server.adminUrl, server)).toBe(server.adminUrl);
    expect(await query(server.adminUrl, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    await server.stop();
    await removeEmbeddedPostgres(deep);
  });

  test("an initialization that was interrupted does not stand in the way", async () => {
    await mkdir(`${dataDir}.new-1`, { recursive: true });
    await mkdir(dataDir);
    await using server = await startEmbeddedPostgres({ dataDir, port: 0, durable: false });
    expect(await query(server.adminUrl, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("a directory of somebody else's files is left alone", async () => {
    await mkdir(dataDir);
    await writeFile(join(dataDir, "thesis.txt"), "years of work");
    const error = await failure(startEmbeddedPostgres({ dataDir, port: 0, durable: false }));
    expect(error).toBe("embedded_postgres.not_a_data_dir");
    expect(await failure(removeEmbeddedPostgres(dataDir))).toBe("embedded_postgres.not_a_data_dir");
    expect(await readFile(join(dataDir, "thesis.txt"), "utf8")).toBe("years of work");
    await rm(dataDir, { recursive: true });
  });

  test("data of another major version is refused, not damaged", async () => {
    await mkdir(dataDir);
    await writeFile(join(dataDir, "PG_VERSION"), "15\n");
    expect(await failure(startEmbeddedPostgres({ dataDir, port: 0, durable: false }))).toBe(
      "embedded_postgres.wrong_version",
    );
    expect(await readFile(join(dataDir, "PG_VERSION"), "utf8")).toBe("15\n");
  });

  test.runIf(process.getuid?.() === 0)("root's private directories are stepped around", async () => {
    await chmod(home, 0o700);
    await using server = await startEmbeddedPostgres({ dataDir, port: 0, durable: false });
    expect(server.dataDir.startsWith("/var/tmp/tandem/")).toBe(true);
    expect(await query(server.adminUrl, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    await server.stop();
    await removeEmbeddedPostgres(dataDir);
    await expect(stat(server.dataDir)).rejects.toThrow("ENOENT");
  });
});

test.runIf(process.getuid?.() === 0)(
  "programs lie where the server's user can reach them, copied from a private checkout once",
  async () => {
    const found = await findBinaries({});
    const native = join(home, "private", "native");
    await cp(dirname(dirname(found.postgres)), native, { recursive: true, verbatimSymlinks: true });
    await rm(join(native, "lib/libpq.so.5"), { force: true }); // as after `npm ci --ignore-scripts`
    await chmod(join(home, "private"), 0o700);
    const copied = await copyNative(native);
    try {
      expect(await isReachable(join(copied, "bin/postgres"))).toBe(true);
      expect(await copyNative(native)).toBe(copied);
      await linkLibraries(copied);
      expect((await stat(join(copied, "lib/libpq.so.5"))).isFile()).toBe(true);
      await chown(copied, 65_534, 65_534);
      expect(await failure(copyNative(native))).toBe("embedded_postgres.foreign_owner");
    } finally {
      await rm(copied, { recursive: true });
    }
  },
);

describe("what a killed process leaves behind", () => {
  test("a running server is adopted: same process, same data", async () => {
    const { child, server } = await startInChild(true);
    const url = `postgres://postgres:tandem@127.0.0.1:${server.port}/postgres`;
    await query(url, "CREATE TABLE kept (id int)");
    child.kill("SIGKILL");
    await once(child, "exit");
    await using adopted = await startEmbeddedPostgres({ dataDir, port: server.port, durable: true });
    expect(adopted).toMatchObject({ adopted: true, pid: server.pid });
    expect(await query(adopted.adminUrl, "SELECT to_regclass('kept')::text AS name")).toEqual([{ name: "kept" }]);
    await adopted.stop();
    expect(isProcessAlive(server.pid)).toBe(false);
  });

  test("a running server that is not what was asked for is replaced", async () => {
    const { child, server } = await startInChild(false);
    child.kill("SIGKILL");
    await once(child, "exit");
    await using replaced = await startEmbeddedPostgres({ dataDir, port: 0, durable: true });
    expect(replaced.adopted).toBe(false);
    expect(isProcessAlive(server.pid)).toBe(false);
    expect(await query(replaced.adminUrl, "SHOW fsync")).toEqual([{ fsync: "on" }]);
  });

  test("a server that was killed as well recovers, although its file is still there", async () => {
    const first = await startEmbeddedPostgres({ dataDir, port: 0, durable: true });
    await query(first.adminUrl, "CREATE TABLE kept (id int)");
    process.kill(first.pid, "SIGKILL");
    await pollUntil(() => !isProcessAlive(first.pid));
    await using second = await startEmbeddedPostgres({ dataDir, port: 0, durable: true });
    expect(second.adopted).toBe(false);
    expect(await query(second.adminUrl, "SELECT to_regclass('kept')::text AS name")).toEqual([{ name: "kept" }]);
  });

  test("a file that names somebody else's process leaves that process alone", async () => {
    const first = await startEmbeddedPostgres({ dataDir, port: 0, durable: false });
    await first.stop();
    const stranger = spawn("sleep", ["600"]);
    await once(stranger, "spawn");
    const lines = [stranger.pid, dataDir, "1700000000", "1", "", "127.0.0.1", "", "ready   "];
    await writeFile(join(dataDir, "postmaster.pid"), `${lines.join("\n")}\n`);
    await using second = await startEmbeddedPostgres({ dataDir, port: 0, durable: false });
    expect(second.adopted).toBe(false);
    expect(stranger.exitCode).toBeNull();
    expect(isProcessAlive(stranger.pid ?? 0)).toBe(true);
    stranger.kill();
  });

  test("a process that exits without stopping takes its server along", async () => {
    const { child, server } = await startInChild(false);
    child.kill("SIGTERM");
    await once(child, "exit");
    await pollUntil(() => !isProcessAlive(server.pid), { message: "the server's end" });
    expect(isProcessAlive(server.pid)).toBe(false);
  });

  test.runIf(process.platform === "linux")(
    "Ctrl-C in the terminal does not reach the server before its users are done with it",
    async () => {
      const { child, server } = await startInChild(false);
      const group = async (pid: number) => (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ")[2];
      expect(await group(server.pid)).toBe(String(server.pid));
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  );
});
