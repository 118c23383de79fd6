import { cpSync, lutimesSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundleService } from "./bundle-service.ts";
import { bundlePlans, findBundles } from "./find-bundles.ts";
import { warmUp } from "./warm-up.ts";

const help = `npm run bundle -- <service>|all [--out dist] [--warm [--at /app]]

Makes of a service the folder that its image holds at /app: bin/{api,worker,migrate}, its code in a few files, what it reads
(migrations, pages, fonts), sbom.cdx.json and the licences of what is inside. Start it with: node dist/<service>/bin/api

  --out    folder for the folders; default dist
  --warm   starts each binary once, so that the next start finds compiled code, at the same path and as user 65532: for images
  --at     the path of that start; the folder is made there, and moved; files get the time SOURCE_DATE_EPOCH, or 0

Services: ${bundlePlans.map(({ name }) => name).join(", ")}
`;

const main = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h" },
      out: { type: "string", default: "dist" },
      at: { type: "string" },
      warm: { type: "boolean", default: false },
    },
  });
  if (values.help === true || positionals.length === 0) {
    process.stdout.write(help);
    return values.help === true ? 0 : 2;
  }
  const root = resolve(import.meta.dirname, "../../..");
  for (const plan of positionals.flatMap(findBundles)) {
    const began = performance.now();
    const where = join(values.out, plan.name);
    const out = values.at ?? resolve(root, where);
    const { bytes, files, packages } = await bundleService(plan, { root, out });
    if (values.warm) warmUp(out, Object.keys(plan.binaries));
    if (values.at !== undefined) {
      rmSync(resolve(root, where), { recursive: true, force: true });
      cpSync(out, resolve(root, where), { recursive: true });
      rmSync(out, { recursive: true });
      setTimes(resolve(root, where), Number(process.env["SOURCE_DATE_EPOCH"] ?? 0));
    }
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    process.stdout.write(
      `${where}: ${(bytes / 1e6).toFixed(1)} MB in ${files} files, ${packages} packages from npm, ${seconds} s\n`,
    );
  }
  return 0;
};

/** The same files at another time are the same layer. */
const setTimes = (dir: string, epoch: number): void => {
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true }))
    lutimesSync(join(entry.parentPath, entry.name), epoch, epoch);
  lutimesSync(dir, epoch, epoch);
};

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
