import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parse, parseDocument, visit } from "yaml";
import { stages } from "./ci/stages.ts";

const root = resolve(import.meta.dirname, "..");
const folder = join(root, ".github/workflows");
const files = readdirSync(folder);

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly needs?: string | readonly string[];
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly permissions: unknown;
  readonly concurrency?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const text = (file: string): string => readFileSync(join(folder, file), "utf8");
const workflows = files.map((file) => [file, parse(text(file)) as Workflow] as const);
const jobs = workflows.flatMap(([file, { jobs: all }]) =>
  Object.entries(all).map(([name, job]) => [`${file}: ${name}`, job] as const),
);
const steps = jobs.flatMap(([, job]) => job.steps);

const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly scripts: Readonly<Record<string, string>>;
};

test("there are workflows", () => {
  expect(files).toEqual(["ci.yaml", "release.yaml"]);
});

test("a workflow runs npm scripts of a stage and nothing else, and takes no text of an event into a command", () => {
  const runs = steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
  expect(runs.length).toBeGreaterThan(5);
  for (const run of runs) {
    const script = /^npm run (ci:[a-z]+)$/.exec(run)?.[1];
    expect(script, `"${run}" is no stage`).toBeDefined();
    expect(scripts, run).toHaveProperty([script ?? ""]);
  }
});

test("every stage has its npm script, and every one is run by a workflow", () => {
  const run = steps.flatMap((step) => (step.run === undefined ? [] : [step.run.replace("npm run ci:", "")]));
  expect([...new Set(run)].sort()).toEqual(Object.keys(stages).sort());
  for (const name of Object.keys(stages))
    expect(scripts[`ci:${name}`]).toBe(`node tools/bootstrap.mjs tools/ci.ts ${name}`);
});

test("whoever asks a stage for help gets help: nothing is built, committed or pushed", () => {
  for (const name of Object.keys(stages)) {
    const { status, stdout } = spawnSync(process.execPath, ["tools/ci.ts", name, "--help"], { cwd: root });
    expect({ name, status }).toEqual({ name, status: 0 });
    expect(String(stdout)).toContain(`ci:${name}`);
  }
});

test("every npm script that a stage calls exists", () => {
  const env = { SERVICE: "order", PROMOTE_FROM: "staging", PROMOTE_TO: "production", DIGESTS: "{}" };
  const called = Object.values(stages)
    .flatMap(({ commands }) => commands(env))
    .filter(([command]) => command === "npm")
    .map((command) => command[3] ?? "");
  expect(called.length).toBeGreaterThan(5);
  for (const script of called) expect(scripts).toHaveProperty([script]);
});

test.each(files)("%s pins every action by commit and says which version that is", (file) => {
  const pinned: string[] = [];
  visit(parseDocument(text(file)), {
    Pair: (_, { key, value }) => {
      if (String(key) !== "uses") return;
      const { value: action, comment } = value as { readonly value: string; readonly comment?: string };
      expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
      expect(comment, action).toMatch(/^ v\d+\.\d+\.\d+$/);
      pinned.push(action);
    },
  });
  expect(pinned.length).toBeGreaterThan(0);
});

test("an action has one version in all workflows", () => {
  const used = new Set(steps.flatMap(({ uses }) => (uses === undefined ? [] : [uses])));
  const names = [...used].map((action) => action.split("@")[0]);
  expect(names).toEqual([...new Set(names)]);
});

test.each(workflows)(
  "%s may only read unless a job says otherwise, and two runs do not overtake each other",
  (_, workflow) => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    expect(workflow.concurrency).toBeDefined();
  },
);

test.each(jobs)("%s ends by itself, and may write code or packages but not both", (_, job) => {
  expect(job["timeout-minutes"]).toBeGreaterThan(0);
  const writes = Object.entries(job.permissions ?? {}).flatMap(([what, may]) => (may === "write" ? [what] : []));
  expect(writes.includes("contents") && writes.includes("packages")).toBe(false);
});

test("nothing is published before all checks and all tests have passed", () => {
  const [, ci] = workflows.find(([file]) => file === "ci.yaml") ?? [];
  expect(ci?.jobs["images"]?.needs).toEqual(["checks", "test"]);
  expect(ci?.jobs["deploy-staging"]?.needs).toEqual(["images", "attest"]);
});

test.each([
  ["images", { PUBLISH: "true", IMAGE_TAG: "--help" }, /IMAGE_TAG must be like/],
  ["sbom", {}, /SERVICE is not set/],
  ["sbom", { SERVICE: "../order" }, /SERVICE must be like/],
  ["promote", { PROMOTE_FROM: "staging" }, /PROMOTE_TO is not set/],
  ["promote", { PROMOTE_FROM: "staging", PROMOTE_TO: "production", PROMOTE_SERVICES: "a b" }, /PROMOTE_SERVICES/],
])("stage %s refuses %j before anything runs", (name, env, sentence) => {
  expect(() => stages[name]?.commands(env)).toThrow(sentence);
});
