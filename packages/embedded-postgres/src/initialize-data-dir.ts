import { spawn } from "node:child_process";
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "@tandem/kernel";
import type { Binaries, ServerUser } from "./binaries.ts";
import { serverEnv, startFailed } from "./run-server.ts";

const MAJOR_VERSION = "18";

/** Makes `dataDir` a new database cluster. */
export const initialize = async (
  { initdb }: Binaries,
  user: ServerUser,
  dataDir: string,
  { durable, password }: { durable: boolean; password: string },
): Promise<void> => {
  // Beside it and renamed: a start that was killed half-way leaves nothing that looks like a database.
  const fresh = `${dataDir}.new-${process.pid}`;
  await refuseForeign(dataDir);
  const passwordFile = `${fresh}.password`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(dirname(fresh), { recursive: true });
  await mkdir(fresh, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined) {
    await chown(fresh, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  try {
    await runToEnd(
      initdb,
      [
        `--pgdata=${fresh}`,
        "--username=postgres",
        `--pwfile=${passwordFile}`,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--no-instructions",
        ...(durable ? [] : ["--no-sync", "--set=scram_iterations=1"]),
      ],
      user,
    );
    await rename(fresh, dataDir);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(fresh, { recursive: true, force: true });
  }
};

/** Keeps our hands off a directory that is no database. */
export const refuseForeign = async (dataDir: string): Promise<void> => {
  const files: string[] = await readdir(dataDir).catch(() => []);
  if (files.length > 0 && !files.includes("PG_VERSION"))
    throw new AppError(
      "failed_precondition",
      "embedded_postgres.not_a_data_dir",
      `${dataDir} holds files, and they are not a Postgres database`,
    );
};

const runToEnd = (file: string, args: string[], user: ServerUser): Promise<void> =>
  new Promise((done, reject) => {
    // The locale of the caller's shell may not exist here; the working directory may not be the server user's to see.
    const child = spawn(file, args, { ...user, cwd: "/", env: serverEnv(), stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", (cause) => reject(startFailed(`${file} did not start`, cause)));
    child.once("close", (code) => (code === 0 ? done() : reject(startFailed(`initdb failed: ${output.trim()}`))));
  });

/** Refuses data of another major version. */
export const checkVersion = async (dataDir: string): Promise<void> => {
  const version = (await readFile(join(dataDir, "PG_VERSION"), "utf8")).trim();
  if (version !== MAJOR_VERSION)
    throw new AppError(
      "failed_precondition",
      "embedded_postgres.wrong_version",
      `${dataDir} was made by Postgres ${version}, this is ${MAJOR_VERSION}: remove it, or run with --reset`,
    );
};
