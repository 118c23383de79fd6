import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { elapsed, startProgress } from "../../../progress.ts";
import { bundlePlans, findBundles } from "../find-bundles.ts";
import { buildImage, pushImage, readSource } from "./build-image.ts";
import { findEngine } from "./engine.ts";

const help = `npm run image -- <service>|all [options] [-- <flags for the engine's build>]

Builds images from the Dockerfile: <registry>/tandem/<service>:<tag>. What services share (dependencies, Node, the bundles of all) is built once.

  --engine docker|podman   default: the first that is installed
  --tag dev                default: dev
  --registry localhost     default: localhost
  --target dev             a stage of the Dockerfile; "dev" has a shell and starts binaries again when files change
  --push                   to the registry, afterwards
  --output digests.json    writes { "<service>": "sha256:..." } of what was pushed, or the tag where nothing was
  --save <folder>          writes docker-archive tars, localhost_tandem_order_dev.tar

Flags for the engine also come from IMAGE_BUILD_FLAGS, divided by spaces: --network=host, --volume of a private CA, --no-cache.
What was built last (SOURCE_DATE_EPOCH, or the commit's time) is in the labels.

Services: ${bundlePlans.map(({ name }) => name).join(", ")}
`;

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
      target: { type: "string" },
      push: { type: "boolean", default: false },
      output: { type: "string" },
      save: { type: "string" },
    },
  });
  if (values.help === true || positionals.length === 0) {
    process.stdout.write(help);
    return values.help === true ? 0 : 2;
  }
  const root = resolve(import.meta.dirname, "../../../..");
  const names = [...new Set(positionals.flatMap(findBundles).map(({ name }) => name))];
  const engine = findEngine(values.engine);
  const flags = [
    ...(process.env["IMAGE_BUILD_FLAGS"] ?? "").split(/\s+/).filter((flag) => flag !== ""),
    ...(end < 0 ? [] : argv.slice(end + 1)),
  ];
  const source = readSource(root, process.env);
  const versions: Record<string, string> = {};
  for (const service of names) {
    const began = performance.now();
    const reference = `${values.registry}/tandem/${service}:${values.tag}`;
    const progress = startProgress(`${reference}:`);
    const onLine = (line: string) => progress.note(line);
    try {
      const all = names.length === bundlePlans.length;
      const { target } = values;
      const built = await buildImage({ engine, root, service, reference, all, target, flags, source, onLine });
      const digest = values.push ? await pushImage(engine, reference, onLine) : undefined;
      if (values.save !== undefined) {
        const file = join(resolve(values.save), `${reference.replaceAll(/[/:]/g, "_")}.tar`);
        mkdirSync(resolve(values.save), { recursive: true });
        rmSync(file, { force: true });
        const format = engine.name === "podman" ? ["--format", "docker-archive"] : [];
        await engine.run(["save", ...format, "--output", file, reference], onLine);
      }
      versions[service] = digest ?? values.tag;
      const size = `${(built.bytes / 1e6).toFixed(0)} MB`;
      progress.done(`${reference}: ${size}, ${digest ?? `id ${built.id}`}, ${elapsed(performance.now() - began)}`);
    } catch (error) {
      progress.done(`${reference}: failed after ${elapsed(performance.now() - began)}`);
      throw error;
    }
  }
  if (values.output !== undefined) writeFileSync(values.output, `${JSON.stringify(versions, null, 2)}\n`);
  return 0;
};

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
