import { parseArgs } from "node:util";
import { environmentNames } from "../environments/environment.ts";
import { environmentOf } from "../environments/index.ts";
import { readPlatform } from "../platform.ts";
import { renderManifests } from "../scope.ts";
import { SynthError } from "../synth-error.ts";
import { migrationJob } from "./migration-job.ts";

const help = `npm run --silent k8s:migration -- <context> status|up|down [--to <set>/<version>] --environment production [--version sha256:...]

Prints a Job for kubectl apply that runs the context's migration binary with another command than "up". Read
docs/runbooks/rollback.md before "down".

  --environment  ${environmentNames.join(", ")}
  --version      of the image; default: the one that runs there. "down" is done by the newer one
`;

const main = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h" },
      environment: { type: "string" },
      to: { type: "string" },
      version: { type: "string" },
    },
  });
  const [context, verb] = positionals;
  const { environment, to, version } = values;
  if (values.help === true || environment === undefined || context === undefined || verb === undefined) {
    process.stdout.write(help);
    return values.help === true ? 0 : 2;
  }
  const job = migrationJob(await readPlatform(), environmentOf(environment), {
    context,
    command: to === undefined ? [verb] : [verb, "--to", to],
    ...(version === undefined ? {} : { version }),
  });
  process.stdout.write(renderManifests([job]).replace(/^#.*\n/, ""));
  return 0;
};

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof SynthError ? error.message : String((error as Error).stack ?? error)}\n`);
  return 1;
});
