import { cp, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type OutputChunk, rolldown } from "rolldown";
import { describeContents } from "./describe-contents.ts";
import type { BundlePlan } from "./find-bundles.ts";
import { groupChunks } from "./group-chunks.ts";
import { keepPlaces } from "./keep-places.ts";
import { writeLaunchers } from "./write-launchers.ts";

export interface BundleOptions {
  /** The repository. */
  readonly root: string;
  /** Emptied and filled. */
  readonly out: string;
}

export interface Bundle {
  readonly bytes: number;
  readonly files: number;
  /** Packages from npm that are inside. */
  readonly packages: number;
}

/** Optional packages that are not installed; those who would like them live without. */
const absent = ["pg-native"];

/**
 * Makes `out` what an image has at `/app`: launchers in `bin`, code in `lib`, what it reads at the paths of the repository, and the list
 * of what is inside.
 * @throws Error when something cannot be resolved, is inside twice, or reads files that nobody knows of
 */
export const bundleService = async (plan: BundlePlan, { root, out }: BundleOptions): Promise<Bundle> => {
  const input = Object.fromEntries(Object.entries(plan.binaries).map(([name, file]) => [name, join(root, file)]));
  const places = keepPlaces(root, new Set(Object.values(input)));
  await rm(out, { recursive: true, force: true });
  const bundle = await rolldown({
    cwd: root,
    platform: "node",
    input,
    external: absent,
    plugins: [places.plugin],
    transform: { target: "node24" },
    // A busy machine is no reason to fail.
    checks: { pluginTimings: false },
    onLog: (level, log) => {
      if (level !== "debug" && level !== "info") throw new Error(`${plan.name}: ${log.message}`);
    },
  });
  const { output } = await bundle.write({
    dir: out,
    format: "esm",
    // Nothing is renamed: names of classes are in errors and metrics, and a stack trace has to be readable.
    minify: false,
    keepNames: true,
    sourcemap: true,
    sourcemapExcludeSources: true,
    entryFileNames: "lib/[name].js",
    // No hashes: a changed line changes one file, whose name stays (live update, layers).
    chunkFileNames: "lib/[name].js",
    codeSplitting: groupChunks(plan, root, Object.values(input)),
  });
  await bundle.close();
  const chunks = output.filter((one): one is OutputChunk => one.type === "chunk");
  refuseMainsAmongParts(plan, chunks);
  const modules = [
    ...new Set(
      chunks.flatMap((chunk) =>
        Object.entries(chunk.modules).flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? [id] : [])),
      ),
    ),
  ];
  const assets = [...new Set(modules.flatMap((id) => places.assetsOf(id)))].sort();
  for (const asset of assets) {
    await mkdir(dirname(join(out, asset)), { recursive: true });
    await cp(join(root, asset), join(out, asset), { recursive: true });
  }
  await writeFile(join(out, "package.json"), `${JSON.stringify({ name: plan.name, private: true, type: "module" })}\n`);
  await writeLaunchers(out, Object.keys(plan.binaries));
  const packages = await describeContents(plan, {
    root,
    out,
    files: [...modules, ...assets.map((one) => join(root, one))],
  });
  return { ...(await measure(out)), packages };
};

/** A binary whose module another one imports would start with it. */
const refuseMainsAmongParts = (plan: BundlePlan, chunks: readonly OutputChunk[]): void => {
  const mains = new Set(Object.keys(plan.binaries).map((name) => `lib/${name}.js`));
  for (const { fileName, imports, dynamicImports } of chunks) {
    const main = [...imports, ...dynamicImports].find((name) => mains.has(name));
    if (main !== undefined) throw new Error(`${plan.name}: ${fileName} imports ${main}, a binary; move what it needs`);
  }
};

const measure = async (dir: string): Promise<{ bytes: number; files: number }> => {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries.filter((one) => one.isFile()).map(async (one) => (await stat(join(one.parentPath, one.name))).size),
  );
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), files: sizes.length };
};
