import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { exitWith, programs } from "./programs.ts";

const repository = resolve(import.meta.dirname, "../..");

const help = `node tools/bootstrap.mjs tilt/src/bundle-changes.ts <image> --into <folder>

Bundles an image's code, and puts into the folder only what differs from what is there: what Tilt then syncs into containers.
`;

const filesBelow = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((one) => one.isFile()).map((one) => relative(folder, join(one.parentPath, one.name)));
};

/** Makes `into` hold what `from` holds, which is used up. Files that are the same are not touched. @returns how many changed */
export const mirrorFolder = async (from: string, into: string): Promise<number> => {
  let changed = 0;
  const wanted = await filesBelow(from);
  for (const file of wanted) {
    const [fresh, old] = await Promise.all([
      readFile(join(from, file)),
      readFile(join(into, file)).catch(() => undefined),
    ]);
    if (old?.equals(fresh)) continue;
    await mkdir(dirname(join(into, file)), { recursive: true });
    await rename(join(from, file), join(into, file));
    changed += 1;
  }
  const left = new Set(wanted);
  for (const file of await filesBelow(into)) {
    if (left.has(file)) continue;
    await rm(join(into, file));
    changed += 1;
  }
  return changed;
};

if (import.meta.main)
  await exitWith(async () => {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { into: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
    const [image] = positionals;
    if (values.help === true || image === undefined || values.into === undefined)
      return void process.stdout.write(help);
    const next = join(repository, ".tandem/tilt/next");
    await programs.read(process.execPath, [join(repository, "tools/bundle/src/main.ts"), image, "--out", next]);
    const changed = await mirrorFolder(join(next, image), resolve(repository, values.into));
    process.stdout.write(`${image}: ${changed === 0 ? "nothing changed" : `${changed} files changed`}\n`);
  });
