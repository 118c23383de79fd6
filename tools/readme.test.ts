import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly scripts: Readonly<Record<string, string>>;
};

/** `npm start`, `npm test`, `npm run <script>` in code of a page. */
const namedIn = (page: string): readonly string[] => {
  const text = readFileSync(join(root, page), "utf8");
  const named = [...text.matchAll(/\bnpm (?:run ([a-z][a-z0-9:-]*)|(start|test)\b)/g)];
  return [...new Set(named.map(([, script, short]) => script ?? short ?? ""))].sort();
};

const door = "node tools/bootstrap.mjs ";

/** Runs what a script runs behind bootstrap, whose own test is bootstrap.test.ts: a test must not install anything. */
const runScript = (script: string, ...more: readonly string[]) =>
  new Promise<{ readonly code: number | string; readonly output: string }>((resolve) => {
    const words = (scripts[script] ?? "").slice(door.length).split(" ");
    // Before the entry: options of Node's.
    const at = words.findIndex((word) => !word.startsWith("--"));
    const [entry = "", ...args] = words.slice(at);
    const command = entry.endsWith(".ts")
      ? [process.execPath, ...words.slice(0, at), entry]
      : [join(root, "node_modules/.bin", entry)];
    const [file = "", ...given] = [...command, ...args, ...more];
    execFile(file, given, { cwd: root }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? 1), output: stdout + stderr });
    });
  });

describe.each(["README.md", "CONTRIBUTING.md"])("%s", (page) => {
  it("names npm scripts that exist", () => {
    const missing = namedIn(page).filter((script) => scripts[script] === undefined);
    expect(namedIn(page)).not.toEqual([]);
    expect(missing).toEqual([]);
  });
});

describe("every npm script", () => {
  it("goes through tools/bootstrap.mjs, so that it works on a fresh clone", () => {
    const direct = Object.entries(scripts).filter(([, line]) => !line.startsWith(door));
    expect(direct).toEqual([]);
  });

  it.concurrent.each(Object.keys(scripts))("%s explains itself with --help", { timeout: 60_000 }, async (script) => {
    const { code, output } = await runScript(script, "--help");
    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/\S.*\n/) });
    // The cli answers for itself when it does not know a command.
    const [, command] = /packages\/cli\/src\/main\.ts (\S+)/.exec(scripts[script] ?? "") ?? [];
    if (command !== undefined) expect(output).toContain(`Usage: tandem ${command} `);
  });
});
