import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundleService } from "./bundle-service.ts";
import { bundlePlans, findBundles } from "./find-bundles.ts";

const help = `npm run bundle -- <service>|all [--out dist]

Makes of a service the folder that its image holds at /app: bin/{api,worker,migrate}, its code in a few files, what it reads
(migrations, pages, fonts), sbom.cdx.json and the licences of what is inside. Start it with: node dist/<service>/bin/api

  --out   folder for the folders; default dist. A single service goes to <out>/<service> all the same

Services: ${bundlePlans.map(({ name }) => name).join(", ")}
`;

const main = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: "boolean", short: "h" }, out: { type: "string", default: "dist" } },
  });
  if (values.help === true || positionals.length === 0) {
    process.stdout.write(help);
    return values.help === true ? 0 : 2;
  }
  const root = resolve(import.meta.dirname, "../../..");
  for (const plan of positionals.flatMap(findBundles)) {
    const began = performance.now();
    const { bytes, files, packages } = await bundleService(plan, { root, out: resolve(root, values.out, plan.name) });
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    const where = join(values.out, plan.name);
    process.stdout.write(
      `${where}: ${(bytes / 1e6).toFixed(1)} MB in ${files} files, ${packages} packages from npm, ${seconds} s\n`,
    );
  }
  return 0;
};

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
