import { setTimeout as sleep } from "node:timers/promises";
import { durationOption, wholeNumber, withPlatform } from "@tandem/cli/options";
import { openKubectl, type PlatformFlags } from "@tandem/cli/platform";
import { type Command, InvalidArgumentError } from "commander";
import { checkAtRest } from "./check-at-rest.ts";
import { type Disturbance, parseDisturbance } from "./disturb/disturbances.ts";
import { findPlatform, type OpenPlatform } from "./door.ts";
import { inParallel } from "./in-parallel.ts";
import { createBegun, type LoadCustomer } from "./load/customers.ts";
import { lookAround } from "./load/look-around.ts";
import { defaultMix, type OperationName, operationNames } from "./load/operations.ts";
import { renderSlugs, renderTable } from "./load/print-result.ts";
import { readCores, sharesBetween } from "./load/read-cores.ts";
import { readMemoryMb } from "./load/read-memory.ts";
import { runLoad } from "./load/run-load.ts";
import { createRandom } from "./random.ts";
import { planCustomers } from "./seed/plan-world.ts";

interface LoadFlags extends PlatformFlags {
  readonly rate: number;
  readonly for: number;
  readonly customers: number;
  readonly seed: number;
  readonly mix?: Partial<Record<OperationName, number>>;
  readonly quietWithin: number;
  readonly check: boolean;
  readonly json?: boolean;
  readonly disturb?: Disturbance;
}

const parseMix = (text: string): Partial<Record<OperationName, number>> =>
  Object.fromEntries(
    text.split(",").map((part) => {
      const [name = "", weight = "1"] = part.trim().split("=");
      if (!(operationNames as readonly string[]).includes(name) || !(Number(weight) >= 0))
        throw new InvalidArgumentError(`${name}: one of ${operationNames.join(", ")}, as browse=70,search=30.`);
      return [name, Number(weight)];
    }),
  );

export const addLoadCommand = (program: Command): void => {
  withPlatform(program.command("load"))
    .description("customers at a steady rate through the gateway, then the books: exit code 1 when they do not balance")
    .option("--rate <n>", "arrivals a second, whatever the answers do", wholeNumber(1, 10_000), 50)
    .addOption(durationOption("--for <duration>", "how long customers arrive: 60s, 10m", "60s"))
    .option("--customers <n>", "how many of the seeded ones log in", wholeNumber(1, 1_000), 40)
    .option("--seed <n>", "of the seeding, and of what people do", wholeNumber(1, 1_000_000), 1)
    .option("--mix <operations>", "other than the believable one: browse=70,search=30", parseMix)
    .addOption(durationOption("--quiet-within <duration>", "how long orders under way may take to end", "180s"))
    .option("--no-check", "do not wait for quiet, do not look into the books")
    .option(
      "--disturb <what>",
      "meanwhile, in a cluster: kill-pods, or roll-out:order,order-worker; the load then ends with it, --for at the latest",
      disturbance,
    )
    .option("--json", "one JSON object on standard output, nothing else")
    .action(async (flags: LoadFlags) => {
      const say = (line: string) => void (flags.json ? process.stderr : process.stdout).write(`${line}\n`);
      const platform = await findPlatform(flags);
      const { running, door } = platform;
      const { people } = running;
      // Whether the books are within reach shows now, not after the load.
      const books = flags.check ? await running.books() : undefined;
      const customers = await logIn(platform, flags, say);
      const { products, categoryIds } = await lookAround(door);
      say(
        `${products.length} products, ${customers.length} customers, ${flags.rate}/s for ${flags.for / 1000} s through ${door.url}`,
      );

      const stop = new AbortController();
      process.once("SIGINT", () => stop.abort());
      const disturbed = disturb(flags, say, stop);
      // Said below, once the figures are there.
      disturbed.catch(() => stop.abort());
      const coresBefore = await readCores();
      const memory = { start: await readMemoryMb(running.pid), end: undefined as number | undefined, peak: 0 };
      const { recorder, elapsedMs, dropped } = await runLoad({
        world: {
          door,
          random: createRandom(flags.seed),
          customers,
          staffToken: people.operator,
          products,
          categoryIds,
          begun: createBegun(),
        },
        ratePerSecond: flags.rate,
        forMs: flags.for,
        mix: flags.mix ?? defaultMix,
        signal: stop.signal,
        onSecond: (second, inFlight) => {
          void readMemoryMb(running.pid).then((mb = 0) => {
            memory.peak = Math.max(memory.peak, mb);
            const resident = running.pid === undefined ? "" : `, ${mb} MB resident`;
            if (second % 10 === 0) say(`${String(second).padStart(5)} s  ${inFlight} in flight${resident}`);
          });
        },
      });
      const cores = sharesBetween(coresBefore, await readCores());
      // When the time is up first: nobody is disturbed who is not there.
      stop.abort();
      await disturbed;
      memory.end = await readMemoryMb(running.pid);
      const reports = recorder.reports();
      const count = reports.reduce((sum, one) => sum + one.count, 0);
      const failed = reports.reduce((sum, one) => sum + one.failed, 0);
      const perSecond = Math.round((count / elapsedMs) * 10_000) / 10;
      say("");
      for (const line of renderTable(reports)) say(line);
      say("");
      say(
        `${count} operations in ${(elapsedMs / 1000).toFixed(1)} s: ${perSecond}/s, ${failed} failed${dropped > 0 ? `, ${dropped} not begun` : ""}; milliseconds from when each was due`,
      );
      for (const line of renderSlugs(recorder)) say(line);
      if (memory.start !== undefined)
        say(
          `${running.mode === "embedded" ? "the platform's process" : "dapr run"}: ${memory.start} MB resident before, ${memory.end} MB after, ${memory.peak} MB at most`,
        );
      if (cores !== undefined)
        say(
          `${cores.cores} cores: ${cores.busyPercent} % busy, ${cores.stolenPercent} % given to other machines; compare runs with as little`,
        );

      const checks =
        books && (await checkAtRest({ mode: running.mode, books, reopen: running.books, say }, flags.quietWithin));
      if (flags.json)
        process.stdout.write(
          `${JSON.stringify({ rate: flags.rate, forMs: flags.for, elapsedMs, count, perSecond, failed, dropped, operations: reports, errors: recorder.slugs(), memoryMb: memory, cores, checks })}\n`,
        );
      if (checks?.some(({ violations }) => violations.length > 0)) process.exitCode = 1;
    });
};

/** How long customers go on before the first disturbance, and after the last. */
const UNDISTURBED_MS = 5_000;

const disturb = async (
  { disturb: disturbance, context, namespace }: LoadFlags,
  say: (line: string) => void,
  stop: AbortController,
): Promise<void> => {
  if (disturbance === undefined) return;
  const kubectl = await openKubectl(context);
  await sleep(UNDISTURBED_MS, undefined, { signal: stop.signal }).catch(() => {});
  if (stop.signal.aborted) return;
  await disturbance.run((...args) => kubectl.text(["--namespace", namespace, ...args]), say, stop.signal);
  await sleep(UNDISTURBED_MS, undefined, { signal: stop.signal }).catch(() => {});
  stop.abort();
};

const disturbance = (text: string): Disturbance => {
  try {
    return parseDisturbance(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
};

/** People who are there log in; who is not there is registered. */
const logIn = async (
  { running: { people } }: OpenPlatform,
  { customers, seed }: LoadFlags,
  say: (line: string) => void,
) => {
  say(`${customers} customers log in; passwords are slow on purpose`);
  const all = planCustomers(customers, seed).map(
    ({ email, name }): LoadCustomer => ({ email, name, token: people.customer({ email, name }) }),
  );
  await inParallel(all, 3, async ({ token }) => {
    await token();
  });
  return all;
};
