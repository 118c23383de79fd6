import { randomBytes } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

export const repositoryRoot = resolve(import.meta.dirname, "../../..");

/** What a running platform tells the other commands: where it is. */
export interface RunningPlatform {
  readonly mode: "embedded" | "dapr";
  readonly pid: number;
  readonly offset: number;
  readonly contexts: readonly string[];
}

/** Everything that runs leave behind lives here, one folder per port offset: two platforms beside each other share nothing. */
export const openStateDir = async (offset: number, base = join(repositoryRoot, ".tandem")) => {
  const dir = join(base, `at-${offset}`);
  await mkdir(join(dir, "logs"), { recursive: true });
  const secretsFile = join(dir, "secrets.json");
  const runningFile = join(dir, "running.json");

  return {
    dir,
    postgresDir: join(dir, "postgres"),
    logFile: (name: string) => join(dir, "logs", `${name}.log`),
    /** A password per name, made once and kept: databases outlive the process that made them. */
    async secret(name: string): Promise<string> {
      const secrets = await readJson<Record<string, string>>(secretsFile, {});
      const known = secrets[name];
      if (known) return known;
      const made = randomBytes(24).toString("base64url");
      await writeFile(secretsFile, JSON.stringify({ ...secrets, [name]: made }), { mode: 0o600 });
      return made;
    },
    announce: (running: RunningPlatform) => writeFile(runningFile, JSON.stringify(running)),
    withdraw: () => rm(runningFile, { force: true }),
    /** The platform that announced itself and whose process still lives. */
    async running(): Promise<RunningPlatform | undefined> {
      const found = await readJson<RunningPlatform | undefined>(runningFile, undefined);
      return found && isAlive(found.pid) ? found : undefined;
    },
    reset: () => rm(dir, { recursive: true, force: true }),
  };
};

export type StateDir = Awaited<ReturnType<typeof openStateDir>>;

const readJson = async <T>(file: string, otherwise: T): Promise<T> => {
  try {
    return JSON.parse(await readFile(file, "utf8")) as T;
  } catch {
    return otherwise;
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
