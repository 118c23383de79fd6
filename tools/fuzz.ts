import { randomInt } from "node:crypto";
import { existsSync, globSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { elapsed } from "./progress.ts";
import { interruptSignal, runCommand } from "./run-command.ts";

const help = `npm run test:fuzz [-- options]

Sends what the schemas can make to every door of the services, one service after the other, each time with a new random seed (the tests of npm test
always use the same one). Prints the seed and the command of whatever fails; exit code 1 when something did.

  --seconds <n>     for so long (default 300); what has begun is finished
  --service <name>  this one only: order, payment, ...
  --requests <n>    to each door (default 40)
  --seed <n>        once, with this seed
`;

const root = resolve(import.meta.dirname, "..");

interface Wanted {
  readonly seconds: number;
  readonly requests: number;
  readonly seed: number | undefined;
  readonly services: readonly string[];
}

const wholeNumber = (name: string, given: string): number => {
  if (!/^\d{1,9}$/.test(given)) throw new Error(`--${name} wants a whole number, not ${given}`);
  return Number(given);
};

/** @throws Error for what is no number, and for a service without a fuzz test */
const readWanted = (values: Readonly<Record<string, string | undefined>>): Wanted => {
  const { seconds = "300", requests = "40", seed, service } = values;
  const known = globSync("services/*/test/fuzz.test.ts", { cwd: root })
    .map((file) => file.split(/[\\/]/)[1] ?? "")
    .sort();
  if (service !== undefined && !existsSync(join(root, "services", service, "test/fuzz.test.ts")))
    throw new Error(`--service wants one of ${known.join(", ")}, not ${service}`);
  return {
    seconds: wholeNumber("seconds", seconds),
    requests: wholeNumber("requests", requests),
    seed: seed === undefined ? undefined : wholeNumber("seed", seed),
    services: service === undefined ? known : [service],
  };
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** @returns whether it passed. What it wrote is shown when it did not. */
const fuzz = async (service: string, seed: number, requests: number, signal: AbortSignal): Promise<boolean> => {
  const began = performance.now();
  const args = [join(root, "tools/test.ts"), "--no-tools", `services/${service}/test/fuzz.test.ts`];
  const env = { FUZZ_SEED: String(seed), FUZZ_REQUESTS: String(requests) };
  const { code, output } = await runCommand(process.execPath, args, { cwd: root, env, signal, onLine: () => {} });
  if (signal.aborted) return true;
  if (code !== 0) say(output);
  say(`${code === 0 ? "passed" : "FAILED"} ${service}, seed ${seed}, ${elapsed(performance.now() - began)}`);
  return code === 0;
};

const main = async (): Promise<number> => {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: { help: { type: "boolean", short: "h" }, seconds: text, service: text, requests: text, seed: text },
  });
  const { help: asked, ...given } = values;
  if (asked === true) {
    process.stdout.write(help);
    return 0;
  }
  const { seconds, requests, seed, services } = readWanted(given);
  const signal = interruptSignal();
  const end = performance.now() + seconds * 1_000;
  const failures: string[] = [];
  let runs = 0;
  do {
    for (const service of services) {
      if (signal.aborted || (seed === undefined && runs > 0 && performance.now() >= end)) break;
      const chosen = seed ?? randomInt(2 ** 29);
      if (!(await fuzz(service, chosen, requests, signal)))
        failures.push(`npm run test:fuzz -- --service ${service} --seed ${chosen} --requests ${requests}`);
      runs += 1;
    }
  } while (!signal.aborted && seed === undefined && performance.now() < end);
  for (const again of failures) say(`again: ${again}`);
  if (signal.aborted) return 130;
  say(`${runs - failures.length} passed, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
};

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 2;
});
