import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { environmentNames } from "./environments/environment.ts";
import { type Environment, environmentOf } from "./environments/index.ts";
import type { Platform } from "./platform.ts";
import { synthesize } from "./synth.ts";
import { SynthError } from "./synth-error.ts";
import { compareFiles, writeFiles } from "./write-files.ts";

const help = `npm run synth [-- --check] [-- --environment local]

Writes k8s/ from the service catalogue and charts/src: commit what it writes.

  --check        writes nothing; names what differs from k8s/, exit code 1 when anything does
  --environment  one of ${environmentNames.join(", ")}; may be repeated. Default: all
  --out          another folder than k8s/
`;

export interface SynthIo {
  readonly readPlatform: () => Promise<Platform>;
  readonly write: (text: string) => void;
  readonly fail: (sentence: string) => void;
}

const k8s = resolve(import.meta.dirname, "../../k8s");

const readArguments = (argv: readonly string[]) => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: "boolean", short: "h" },
      check: { type: "boolean" },
      environment: { type: "string", multiple: true },
      out: { type: "string", default: k8s },
    },
  });
  return values;
};

/** Everything is made before anything is written: what fails leaves the folder as it was. */
const synth = async (chosen: readonly Environment[], out: string, check: boolean, io: SynthIo): Promise<number> => {
  const platform = await io.readPlatform();
  const files = Object.assign({}, ...chosen.map((environment) => synthesize(platform, environment).files));
  const names = chosen.map(({ name }) => name);
  const differences = await (check ? compareFiles : writeFiles)(resolve(out), files, names);
  for (const difference of differences) io.write(`${difference}\n`);
  const count = Object.keys(files).length;
  if (!check) io.write(`${count} files, ${differences.length} written or removed\n`);
  else if (differences.length === 0) io.write(`${count} files, all as charts/ says\n`);
  else io.write("k8s/ is not what charts/ says: run `npm run synth` and commit it\n");
  return check && differences.length > 0 ? 1 : 0;
};

/** The command line. @returns the exit code: 0 done, 1 something differs or cannot be made */
export const runSynth = async (argv: readonly string[], io: SynthIo): Promise<number> => {
  try {
    const { help: wanted, check = false, environment = [...environmentNames], out } = readArguments(argv);
    if (wanted === true) {
      io.write(help);
      return 0;
    }
    return await synth(environment.map(environmentOf), out, check, io);
  } catch (error) {
    // Of the command line and of the catalogue: a sentence says it all. Anything else is a mistake of ours, with its place.
    const isSentence = error instanceof SynthError || (error instanceof TypeError && "code" in error);
    io.fail(isSentence || !(error instanceof Error) ? (error as Error).message : (error.stack ?? error.message));
    return 1;
  }
};
