import { createHash } from "node:crypto";
import { chmod, mkdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import type { Logger } from "@tandem/runtime";
import pg from "pg";
import { exists, findBinaries, findServerUser, isReachable, refuseStrangers, type ServerUser } from "./binaries.ts";
import { checkVersion, initialize, refuseForeign } from "./initialize-data-dir.ts";
import { isPostgresOn, readPostmaster, signal, stopPostmaster } from "./postmaster.ts";
import { launch } from "./run-server.ts";

export interface EmbeddedPostgresOptions {
  /** Created when missing. Where the server's user cannot reach it (root's home), a directory under /var/tmp takes its place. */
  readonly dataDir: string;
  /** Default 54320; 0 takes a free one. */
  readonly port?: number;
  /** false only for data that may be lost: no fsync, no durable commits. */
  readonly durable: boolean;
  /** Of the superuser `postgres`. Default "tandem". The server listens on 127.0.0.1 only. */
  readonly password?: string;
  /** Laid over the defaults (`max_connections` 300, `shared_buffers` 64MB, UTC). */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long a start may take, recovery after a crash included. Default 60 000. */
  readonly startTimeoutMs?: number;
  readonly log?: Logger;
  /** Told what is going on, in words for a person. */
  readonly onProgress?: (step: string) => void;
}

export interface EmbeddedPostgres extends AsyncDisposable {
  /** Of the superuser, database `postgres`. */
  readonly adminUrl: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** Where the data really is. */
  readonly dataDir: string;
  /** Where its Unix socket lies, for programs of this machine and this user: a statement costs a third less than over TCP. Absent where there is none. */
  readonly socketDir: string | undefined;
  /** True when a server that an earlier process left behind was taken over. */
  readonly adopted: boolean;
  /** Fast shutdown; data stays. Safe to repeat. */
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";
// Survives a reboot, unlike /tmp.
const REACHABLE_HOME = "/var/tmp/tandem";
const DEFAULTS = {
  listen_addresses: HOST,
  max_connections: "300",
  shared_buffers: "64MB",
  timezone: "UTC",
  log_timezone: "UTC",
  jit: "off",
};
const THROW_AWAY = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", scram_iterations: "1" };

/**
 * Starts the server on `dataDir`, initializing it first when it is new. A server left behind by a killed process is
 * adopted when it is what was asked for, else stopped and replaced. When this process exits without `stop()`, the server
 * is told to shut down as well.
 * @throws AppError failed_precondition `embedded_postgres.not_installed`, `.no_user`, `.wrong_version`,
 *   `.not_a_data_dir`, `.foreign_owner`; unavailable
 *   `.port_in_use`, `.start_failed`
 */
export const startEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const { port = 54_320, durable, password = "tandem", onProgress, log, startTimeoutMs = 60_000 } = options;
  const user = await findServerUser();
  const dataDir = await placeDataDir(options.dataDir, user);
  if (dataDir !== resolve(options.dataDir)) onProgress?.(`Postgres keeps its data in ${dataDir}`);
  const urlFor = (actual: number) => `postgres://postgres:${encodeURIComponent(password)}@${HOST}:${actual}/postgres`;
  const handle = async (pid: number, actual: number, adopted: boolean): Promise<EmbeddedPostgres> => {
    const onExit = () => signal(pid, durable ? "SIGINT" : "SIGQUIT");
    process.once("exit", onExit);
    const stop = async () => {
      await stopPostmaster(pid);
      process.off("exit", onExit);
    };
    log?.info({ pid, port: actual, dataDir, adopted, durable }, "embedded postgres is up");
    return {
      adminUrl: urlFor(actual),
      host: HOST,
      port: actual,
      pid,
      dataDir,
      // A server that an earlier version left behind has none.
      socketDir: (await exists(join(dataDir, `.s.PGSQL.${actual}`))) ? dataDir : undefined,
      adopted,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  };

  const left = await readPostmaster(dataDir);
  if (left && (await isPostgresOn(left.pid, dataDir))) {
    const wanted = (port === 0 || left.port === port) && (await isAsWanted(urlFor(left.port), dataDir, durable));
    if (wanted) {
      onProgress?.("Postgres is still running from before: taking it over");
      return handle(left.pid, left.port, true);
    }
    onProgress?.("Stopping the Postgres that an earlier run left behind");
    await stopPostmaster(left.pid);
  } else if (left) {
    // The process is gone, or its number belongs to somebody else now; Postgres would refuse to start over the file.
    await rm(join(dataDir, "postmaster.pid"), { force: true });
  }

  const binaries = await findBinaries(user);
  if (!(await exists(join(dataDir, "PG_VERSION")))) {
    onProgress?.("Preparing a new Postgres data directory");
    await initialize(binaries, user, dataDir, { durable, password });
  }
  await checkVersion(dataDir);
  onProgress?.("Starting Postgres");
  const actual = port === 0 ? await freePort() : port;
  const socket = { unix_socket_directories: mayHoldSocket(dataDir) ? dataDir : "" };
  const settings = { ...DEFAULTS, ...socket, ...(durable ? {} : THROW_AWAY), ...options.settings };
  const pid = await launch(binaries, user, dataDir, actual, settings, startTimeoutMs);
  return handle(pid, actual, false);
};

/**
 * Stops a server that runs on `dataDir` and deletes its data.
 * @throws AppError failed_precondition `embedded_postgres.not_a_data_dir`
 */
export const removeEmbeddedPostgres = async (dataDir: string): Promise<void> => {
  const placed = await placeDataDir(dataDir, await findServerUser());
  const left = await readPostmaster(placed);
  if (left && (await isPostgresOn(left.pid, placed))) await stopPostmaster(left.pid);
  await refuseForeign(placed);
  await Promise.all([placed, `${placed}.log`].map((path) => rm(path, { recursive: true, force: true })));
};

// Systems give an address of a socket 104 bytes; Postgres takes a list, by commas.
const mayHoldSocket = (dir: string): boolean => Buffer.byteLength(`${dir}/.s.PGSQL.65535`) < 104 && !/[,"]/.test(dir);

const placeDataDir = async (wanted: string, user: ServerUser): Promise<string> => {
  const path = resolve(wanted);
  if (user.uid === undefined || (await isReachable(path))) return path;
  await mkdir(REACHABLE_HOME, { recursive: true });
  await refuseStrangers(REACHABLE_HOME);
  await chmod(REACHABLE_HOME, 0o755);
  return join(REACHABLE_HOME, createHash("sha256").update(path).digest("hex").slice(0, 16));
};

/** The server answers to our password, is on our data, and is as durable as wanted. */
const isAsWanted = async (url: string, dataDir: string, durable: boolean): Promise<boolean> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query(
      "SELECT current_setting('data_directory') AS dir, current_setting('fsync') = 'on' AS durable",
    );
    return rows[0].dir === dataDir && rows[0].durable === durable;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
};

const freePort = (): Promise<number> =>
  new Promise((done, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, HOST, () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address ? address.port : 0));
    });
  });
