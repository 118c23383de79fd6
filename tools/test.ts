import { randomInt } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { FoundTool, MissingTool, ToolName } from "@tandem/toolchain";
import { ensureTools } from "./ensure-tools.ts";
import { interruptSignal, runCommand } from "./run-command.ts";
import type { TestSummary } from "./test-reporter.ts";

const help = `npm test [-- filters and options of vitest]

Gets what the real tests need (daprd and sentry, the Dapr CLI, a Redis-protocol broker, grpcurl, OpenSearch, Elasticsearch, Kafka, promtool, k8s-gates; Postgres comes from npm), then runs all tests.
A program that cannot be had skips the tests that need it and says why; with CI=true that is an error.

  npm test -- packages/messaging        tests of one folder
  npm test -- -t 'releases the stock'   tests by name
  npm test -- --watch                   again on every change
  npm test -- --coverage                with a report in coverage/; a whole run with CI=true always has it, and thresholds
  npm test -- --no-tools                use the programs that are there, build nothing
  npm run test:faults [-- --seed 42]    the fault suite at length, with a seed of your own;
                      [-- --seconds 60] and for so long (default 300)
  npm run test:fuzz                     hostile requests with new random seeds; -- --help
  FAST_CHECK_SEED=42 npm test -- <path> properties with other values than the gate's

The last line counts: N passed, N failed, N skipped. Exit code 0 when nothing failed.
`;

const root = resolve(import.meta.dirname, "..");
const needed: readonly ToolName[] = [
  "daprd",
  "sentry",
  "dapr",
  "broker",
  "grpcurl",
  "opensearch",
  "elasticsearch",
  "kafka",
  "promtool",
  "k8s-gates",
  "tiltfile",
];

/** Our own flags out, the rest goes to vitest. `--faults` comes from `npm run test:faults`. */
const readArguments = (args: readonly string[]) => {
  const own = ["--no-tools", "--faults", "--help", "-h"];
  const taken = new Set<number>();
  const numberAfter = (flag: string): string | undefined => {
    const at = args.includes("--faults") ? args.indexOf(flag) : -1;
    if (at < 0) return undefined;
    taken.add(at).add(at + 1);
    const value = args[at + 1];
    if (value === undefined || !/^\d+$/.test(value)) throw new Error(`${flag} wants a whole number`);
    return value;
  };
  const seed = numberAfter("--seed");
  const seconds = numberAfter("--seconds");
  const vitest = args.filter((arg, index) => !own.includes(arg) && !taken.has(index));
  return {
    help: args.includes("--help") || args.includes("-h"),
    build: !args.includes("--no-tools"),
    faults: args.includes("--faults"),
    seed,
    seconds,
    vitest,
  };
};

const runVitest = async (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ readonly code: number; readonly summary: TestSummary | undefined }> => {
  const work = mkdtempSync(join(tmpdir(), "tandem-test-"));
  const file = join(work, "summary.json");
  const command = args.includes("--watch") || args.includes("-w") ? [] : ["run"];
  const reporters = ["--reporter=default", `--reporter=${join(root, "tools/test-reporter.ts")}`];
  try {
    const { code } = await runCommand(join(root, "node_modules/.bin/vitest"), [...command, ...reporters, ...args], {
      cwd: root,
      env: { ...env, TANDEM_TEST_SUMMARY: file },
      signal,
    });
    return { code, summary: readSummary(file) };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

const readSummary = (file: string): TestSummary | undefined => {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as TestSummary;
  } catch {
    // vitest died before its end: there is nothing to count.
    return undefined;
  }
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const main = async (): Promise<number> => {
  const args = readArguments(process.argv.slice(2));
  if (args.help) {
    process.stdout.write(help);
    return 0;
  }
  const signal = interruptSignal();
  const tools: readonly (FoundTool | MissingTool)[] = args.build ? await ensureTools(needed, { signal }) : [];
  const missing = tools.filter((tool) => !tool.found);
  if (missing.length > 0 && process.env["CI"] === "true") {
    for (const { name, reason } of missing)
      say(`${name} is missing, and with CI=true nothing may be skipped: ${reason}`);
    return 1;
  }
  // @tandem/toolchain shows these reasons to the suites that ask for the program.
  const reasons = Object.fromEntries(
    missing.map(({ name, reason }) => [`TANDEM_${name.toUpperCase()}_MISSING_REASON`, reason]),
  );
  const faults = {
    // At length the dice fall anew each time; the suite has the seed in its name. In npm test it is always the same.
    ...(args.faults && { TANDEM_FAULTS: "long", TANDEM_FAULT_SEED: args.seed ?? String(randomInt(1_000_000)) }),
    ...(args.seconds !== undefined && { TANDEM_FAULT_SECONDS: args.seconds }),
  };
  const filters = args.faults ? ["faults", ...args.vitest] : [...args.vitest];
  // A whole run in CI is measured, and held to the thresholds of vitest.config.ts.
  if (process.env["CI"] === "true" && filters.length === 0) filters.push("--coverage");
  const { code, summary } = await runVitest(filters, { ...reasons, ...faults }, signal);

  for (const { name, reason } of missing) say(`Skipped what needs ${name}: ${reason}`);
  for (const line of summary?.skippedIn ?? []) say(`skipped in ${line}`);
  if (signal.aborted) return 130;
  const { passed, failed, skipped } = summary ?? { passed: 0, failed: 1, skipped: 0 };
  // A run that vitest calls failed must not read as passed (coverage below its threshold, an error while closing).
  say(`${passed} passed, ${failed === 0 && code !== 0 ? 1 : failed} failed, ${skipped} skipped`);
  return code !== 0 ? code : failed > 0 ? 1 : 0;
};

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
