import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { elapsed, startProgress } from "./progress.ts";
import { interruptSignal, runCommand } from "./run-command.ts";

interface Step {
  readonly name: string;
  readonly what: string;
  readonly command: readonly [string, ...string[]];
  /** Its output goes to the terminal as it comes; of the others only that of a failure is shown. */
  readonly live?: boolean;
}

const root = resolve(import.meta.dirname, "..");
const bin = (name: string): string => join(root, "node_modules/.bin", name);

const steps: readonly Step[] = [
  {
    name: "lint",
    what: "formatting and lint rules (biome)",
    command: [bin("biome"), "ci", "--error-on-warnings", "."],
  },
  {
    name: "types",
    what: "types (tsc)",
    command: [process.execPath, join(root, "node_modules/@typescript/native/bin/tsc"), "--noEmit", "-p", "."],
  },
  {
    name: "layers",
    what: "who imports whom, who reads the environment",
    command: [process.execPath, "tools/layers.ts"],
  },
  {
    name: "proto",
    what: "proto lint, breaking changes, generated code in sync (buf)",
    command: [process.execPath, "tools/proto.ts", "verify"],
  },
  {
    name: "synth",
    what: "k8s/ is what charts/ synthesizes",
    command: [process.execPath, "charts/src/main.ts", "--check"],
  },
  {
    name: "k8s",
    what: "k8s/ and components/: schemas, Pod Security restricted, kube-score, what Argo CD would refuse",
    command: [process.execPath, "tools/k8s-verify.ts"],
  },
  {
    name: "migrations",
    what: "migrations can run beside the release before",
    command: [process.execPath, "tools/migrations.ts"],
  },
  {
    name: "deadcode",
    what: "unused files, exports and dependencies, undeclared ones (knip)",
    command: [bin("knip"), "--no-progress", "--no-config-hints"],
  },
  { name: "test", what: "all tests", command: [process.execPath, "tools/test.ts"], live: true },
];

const help = `npm run verify [-- --only lint,types] [-- --no-test]

Runs every check, each timed, goes on after a failure and sums up at the end. Exit code 1 when one failed.

${steps.map(({ name, what }) => `  ${name.padEnd(10)} ${what}`).join("\n")}

  --only    some of them, comma-separated; also: npm run lint, types, layers, migrations:lint, deadcode
  --no-test all but the tests
`;

interface Outcome {
  readonly step: Step;
  readonly ok: boolean;
  readonly tookMs: number;
}

const runStep = async (step: Step, signal: AbortSignal): Promise<Outcome> => {
  const began = performance.now();
  const [command, ...args] = step.command;
  const progress = step.live === true ? undefined : startProgress(`${step.name}: running`);
  const onLine = progress === undefined ? {} : { onLine: (line: string) => progress.note(line) };
  const { code, output } = await runCommand(command, args, { cwd: root, signal, ...onLine });
  const tookMs = performance.now() - began;
  progress?.done(`${step.name}: ${code === 0 ? "ok" : "FAILED"}, ${elapsed(tookMs)}`);
  if (code !== 0 && output !== "") process.stdout.write(`${output}\n`);
  return { step, ok: code === 0, tookMs };
};

const chooseSteps = (only: string | undefined, noTest: boolean): readonly Step[] => {
  const chosen = only?.split(",").map((name) => {
    const step = steps.find((candidate) => candidate.name === name.trim());
    if (step === undefined)
      throw new Error(`unknown check "${name}": ${steps.map((candidate) => candidate.name).join(", ")}`);
    return step;
  });
  return (chosen ?? steps).filter(({ name }) => !(noTest && name === "test"));
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: { help: { type: "boolean", short: "h" }, only: { type: "string" }, "no-test": { type: "boolean" } },
  });
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const signal = interruptSignal();
  const outcomes: Outcome[] = [];
  for (const step of chooseSteps(values.only, values["no-test"] === true)) {
    outcomes.push(await runStep(step, signal));
    if (signal.aborted) return 130;
  }
  const failed = outcomes.filter(({ ok }) => !ok).map(({ step }) => step.name);
  if (outcomes.length > 1) {
    process.stdout.write("\n");
    for (const { step, ok, tookMs } of outcomes) {
      process.stdout.write(`${ok ? "ok    " : "FAILED"} ${step.name.padEnd(10)} ${elapsed(tookMs)}\n`);
    }
    process.stdout.write(failed.length === 0 ? "All checks passed.\n" : `Failed: ${failed.join(", ")}\n`);
  }
  return failed.length === 0 ? 0 : 1;
};

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 2;
});
