import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { environmentNames } from "./environments/environment.ts";
import { environmentOf } from "./environments/index.ts";
import { readPlatform } from "./platform.ts";
import { synthesize } from "./synth.ts";
import { SynthError } from "./synth-error.ts";
import { compareFiles, writeFiles } from "./write-files.ts";

const help = `npm run synth [-- --check] [-- --environment local]

Writes k8s/ from the service catalogue and charts/src: commit what it writes.

  --check        writes nothing; names what differs from k8s/, exit code 1 when anything does
  --environment  one of ${environmentNames.join(", ")}; may be repeated. Default: all
  --out          another folder than k8s/
`;

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", short: "h" },
      check: { type: "boolean" },
      environment: { type: "string", multiple: true },
      out: { type: "string", default: resolve(import.meta.dirname, "../../k8s") },
    },
  });
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const chosen = (values.environment ?? environmentNames).map(environmentOf);
  const names = chosen.map(({ name }) => name);
  const platform = await readPlatform();
  const files = Object.assign({}, ...chosen.map((environment) => synthesize(platform, environment).files));
  const root = resolve(values.out);
  const differences = await (values.check === true ? compareFiles : writeFiles)(root, files, names);
  for (const difference of differences) process.stdout.write(`${difference}\n`);
  const count = Object.keys(files).length;
  if (values.check !== true) {
    process.stdout.write(`${count} files, ${differences.length} written or removed\n`);
    return 0;
  }
  if (differences.length > 0)
    process.stdout.write("k8s/ is not what charts/ says: run `npm run synth` and commit it\n");
  else process.stdout.write(`${count} files, all as charts/ says\n`);
  return differences.length > 0 ? 1 : 0;
};

process.exitCode = await main().catch((error: unknown) => {
  const expected = error instanceof SynthError || (error instanceof TypeError && "code" in error);
  process.stderr.write(
    `${expected || !(error instanceof Error) ? String((error as Error).message ?? error) : error.stack}\n`,
  );
  return 1;
});
