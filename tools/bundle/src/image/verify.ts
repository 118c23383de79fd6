import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { startEmbeddedPostgres } from "@tandem/embedded-postgres";
import { checkAlone } from "../check/check-alone.ts";
import { checkContext, type StartBinary } from "../check/check-context.ts";
import { startProgram } from "../check/start-program.ts";
import { startSurroundings } from "../check/start-surroundings.ts";
import { findBundles } from "../find-bundles.ts";
import { type Engine, findEngine } from "./engine.ts";

const help = `npm run image:verify -- <service>...|all [--engine docker|podman] [--tag dev] [--registry localhost] [-- <flags for the engine's run>]

Starts all binaries of images that are there (npm run image), each as Kubernetes would: read-only, no capabilities, no new privileges,
user 65532. They meet a real Postgres and our embedded sidecars on this machine, so containers share its network. Says what held.

Flags for the engine also come from IMAGE_RUN_FLAGS, divided by spaces.
`;

/** Bytes, uncompressed: what an image may have at most. */
const MAX_BYTES = 200_000_000;

const RESTRICTED = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=65532:65532"];

interface Subject {
  readonly engine: Engine;
  readonly image: string;
  readonly flags: readonly string[];
  readonly dir: string;
}

/** Each binary in a container of its own; SIGTERM goes through the engine. */
const inContainers = ({ engine, image, flags, dir }: Subject): StartBinary => {
  let count = 0;
  return (binary, args, env) => {
    count += 1;
    // A file: what is on a command line, everybody on the machine can read.
    const envFile = join(dir, `${binary}-${count}.env`);
    writeFileSync(
      envFile,
      Object.entries(env)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(""),
      { mode: 0o600 },
    );
    // podman would lend a read-only container writable folders.
    const strict = engine.name === "podman" ? ["--read-only-tmpfs=false"] : [];
    const run = ["run", "--rm", "--network=host", ...RESTRICTED, ...strict, ...flags, "--env-file", envFile];
    const ours = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...engineEnv(process.env) };
    return startProgram(engine.name, [...run, image, `/app/bin/${binary}`, ...args], { env: ours, cwd: dir });
  };
};

/** How the engine finds its daemon, its storage, its registries. */
const engineEnv = (env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([key, value]) =>
      value !== undefined && /^(DOCKER_|CONTAINER|XDG_|TMPDIR$)/.test(key) ? [[key, value]] : [],
    ),
  );

const checkImage = async ({ engine, image }: Subject, passed: (what: string) => void): Promise<void> => {
  const format = "{{.Size}}|{{.Config.User}}|{{json .Config.Labels}}|{{json .Config.Cmd}}";
  const [size, user, labels, command] = (await engine.run(["image", "inspect", "--format", format, image])).split("|");
  if (Number(size) > MAX_BYTES) throw new Error(`${image} has ${size} bytes`);
  if (user !== "65532:65532") throw new Error(`${image} runs as ${user}`);
  for (const label of ["title", "version", "revision", "source", "licenses"]) {
    if (!labels?.includes(`"org.opencontainers.image.${label}":`)) throw new Error(`${image} has no label ${label}`);
  }
  if (!command?.startsWith('["/app/bin/')) throw new Error(`${image} starts ${command}`);
  passed(`${(Number(size) / 1e6).toFixed(0)} MB, user ${user}, labelled`);
  const shell = await engine
    .run(["run", "--rm", "--network=none", image, "/bin/sh", "-c", "true"])
    .catch(() => undefined);
  if (shell !== undefined) throw new Error(`${image} has a shell`);
  passed("no shell inside");
};

const main = async (): Promise<number> => {
  const argv = process.argv.slice(2);
  const end = argv.indexOf("--");
  const { values, positionals } = parseArgs({
    args: end < 0 ? argv : argv.slice(0, end),
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h" },
      engine: { type: "string" },
      tag: { type: "string", default: "dev" },
      registry: { type: "string", default: "localhost" },
    },
  });
  if (values.help === true || positionals.length === 0) {
    process.stdout.write(help);
    return values.help === true ? 0 : 2;
  }
  const names = positionals.flatMap(findBundles).map(({ name }) => name);
  const engine = findEngine(values.engine);
  const root = resolve(import.meta.dirname, "../../../..");
  const dir = mkdtempSync(join(tmpdir(), "tandem-verify-"));
  chmodSync(dir, 0o711); // the database's user has to get to its folder
  try {
    await using postgres = await startEmbeddedPostgres({ dataDir: join(dir, "postgres"), port: 0, durable: false });
    const flags = [
      ...(process.env["IMAGE_RUN_FLAGS"] ?? "").split(/\s+/).filter((flag) => flag !== ""),
      ...(end < 0 ? [] : argv.slice(end + 1)),
    ];
    for (const context of names) {
      const subject = { engine, flags, dir, image: `${values.registry}/tandem/${context}:${values.tag}` };
      const began = performance.now();
      const passed = (what: string) => {
        const seconds = ((performance.now() - began) / 1_000).toFixed(1);
        process.stdout.write(`${context}: ${seconds.padStart(5)} s  ${what}\n`);
      };
      await checkImage(subject, passed);
      if (context === "gateway" || context === "local-inbox") {
        await checkAlone(context, { start: inContainers(subject), passed });
        continue;
      }
      const { adminUrl } = postgres;
      await using surroundings = await startSurroundings({ root, context, adminUrl, publishers: ["catalog-worker"] });
      await checkContext({ context, surroundings, start: inContainers(subject), passed });
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return 0;
};

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
