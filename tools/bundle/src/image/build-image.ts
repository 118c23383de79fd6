import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine } from "./engine.ts";

export interface BuildOptions {
  readonly engine: Engine;
  readonly root: string;
  readonly service: string;
  /** `localhost/tandem/order:dev` */
  readonly reference: string;
  /** Whether all services are to be built: then they are bundled together, once. */
  readonly all: boolean;
  /** Of the Dockerfile; absent: the image for clusters. */
  readonly target?: string | undefined;
  /** For the engine, before the context: `--network=host`. */
  readonly flags: readonly string[];
  readonly source: Source;
  readonly onLine: (line: string) => void;
}

/** What the labels say. */
export interface Source {
  readonly revision: string;
  readonly version: string;
  /** Seconds since 1970: everything in the image is as old as its commit. */
  readonly epoch: number;
}

const git = (root: string, ...args: string[]): string | undefined => {
  try {
    return execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined; // no checkout: a tarball
  }
};

export const readSource = (root: string, env: Readonly<Record<string, string | undefined>>): Source => {
  const changed = git(root, "status", "--porcelain", "--untracked-files=no");
  const revision = git(root, "rev-parse", "HEAD");
  const given = Number(env["SOURCE_DATE_EPOCH"]);
  return {
    revision: revision === undefined ? "unknown" : `${revision}${changed ? "-changed" : ""}`,
    version: git(root, "describe", "--tags", "--always") ?? "0.0.0",
    epoch:
      env["SOURCE_DATE_EPOCH"] && Number.isInteger(given) ? given : Number(git(root, "log", "-1", "--format=%ct") ?? 0),
  };
};

/** The arguments of `docker build` and `podman build`. Pure. */
export const buildArguments = (options: Omit<BuildOptions, "onLine">): readonly string[] => {
  const { engine, root, service, reference, all, target, flags, source } = options;
  const argument = (name: string, value: string) => ["--build-arg", `${name}=${value}`];
  return [
    "build",
    ...argument("SERVICE", service),
    ...(all ? argument("BUNDLE", "all") : []),
    ...argument("VERSION", source.version),
    ...argument("REVISION", source.revision),
    ...argument("CREATED", new Date(source.epoch * 1_000).toISOString()),
    // BuildKit takes it from here; podman says it in its own way.
    ...(engine.name === "docker" ? argument("SOURCE_DATE_EPOCH", String(source.epoch)) : []),
    ...(target === undefined ? [] : ["--target", target]),
    ...flags,
    "--file",
    join(root, "Dockerfile"),
    "--tag",
    reference,
    root,
  ];
};

export interface BuiltImage {
  readonly reference: string;
  readonly bytes: number;
  /** Of its configuration: the image's id. */
  readonly id: string;
}

export const buildImage = async (options: BuildOptions): Promise<BuiltImage> => {
  const { engine, reference, onLine } = options;
  await engine.run(buildArguments(options), onLine);
  const [size, id] = (await engine.run(["image", "inspect", "--format", "{{.Size}} {{.Id}}", reference])).split(" ");
  return { reference, bytes: Number(size), id: `sha256:${(id ?? "").replace(/^sha256:/, "")}` };
};

/** Pushes it. @returns the digest under which the registry has it */
export const pushImage = async (engine: Engine, reference: string, onLine: (line: string) => void): Promise<string> => {
  if (engine.name === "podman") {
    const dir = mkdtempSync(join(tmpdir(), "tandem-push-"));
    try {
      await engine.run(["push", "--digestfile", join(dir, "digest"), reference], onLine);
      return readFileSync(join(dir, "digest"), "utf8").trim();
    } finally {
      rmSync(dir, { recursive: true });
    }
  }
  await engine.run(["push", reference], onLine);
  const known = await engine.run(["image", "inspect", "--format", '{{join .RepoDigests "\\n"}}', reference]);
  const repository = reference.slice(0, reference.lastIndexOf(":"));
  const digest = known
    .split("\n")
    .find((one) => one.startsWith(`${repository}@`))
    ?.split("@")[1];
  if (digest === undefined) throw new Error(`docker knows no digest of ${reference} after the push`);
  return digest;
};
