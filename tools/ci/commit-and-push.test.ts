import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder: string;

const git = (clone: string, ...args: readonly string[]): string =>
  execFileSync("git", ["-c", "user.name=somebody", "-c", "user.email=somebody@tandem.invalid", ...args], {
    cwd: join(folder, clone),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();

const write = (clone: string, file: string, content: string): void => writeFileSync(join(folder, clone, file), content);

const commitAndPush = (...args: readonly string[]): string =>
  execFileSync(process.execPath, [join(import.meta.dirname, "commit-and-push.ts"), ...args], {
    cwd: join(folder, "ci"),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();

/** What the remote's branch consists of, newest first. */
const messages = (): readonly string[] => git("remote", "log", "--format=%s", "main").split("\n");

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-push-"));
  mkdirSync(join(folder, "remote"));
  git("remote", "init", "--quiet", "--bare", "--initial-branch=main");
  for (const clone of ["ci", "person"]) git(".", "clone", "--quiet", "remote", clone);
  git("ci", "switch", "--quiet", "--create", "main");
  write("ci", "images.json", "one\n");
  write("ci", "other.txt", "one\n");
  git("ci", "add", ".");
  git("ci", "commit", "--quiet", "-m", "Begin");
  git("ci", "push", "--quiet", "--set-upstream", "origin", "main");
  git("person", "pull", "--quiet", "origin", "main");
  git("person", "switch", "--quiet", "main");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("the named files are committed and pushed, others are not", () => {
  write("ci", "images.json", "two\n");
  write("ci", "other.txt", "two\n");
  expect(commitAndPush("Promote to staging", "images.json")).toBe("pushed: Promote to staging");
  expect(messages()).toEqual(["Promote to staging", "Begin"]);
  expect(git("remote", "show", "main:images.json")).toBe("two");
  expect(git("remote", "show", "main:other.txt")).toBe("one");
});

test("what runs already makes no commit", () => {
  expect(commitAndPush("Promote to staging", "images.json")).toContain("nothing to commit");
  expect(messages()).toEqual(["Begin"]);
});

test("a commit that somebody pushed meanwhile is kept", () => {
  write("person", "other.txt", "theirs\n");
  git("person", "commit", "--quiet", "-am", "Something else");
  git("person", "push", "--quiet");
  write("ci", "images.json", "two\n");
  commitAndPush("Promote to staging", "images.json");
  expect(messages()).toEqual(["Promote to staging", "Something else", "Begin"]);
});

test("other versions that somebody pushed meanwhile are not overwritten", () => {
  write("person", "images.json", "theirs\n");
  git("person", "commit", "--quiet", "-am", "Theirs");
  git("person", "push", "--quiet");
  write("ci", "images.json", "two\n");
  expect(() => commitAndPush("Promote to staging", "images.json")).toThrow(/git pull failed/);
  expect(git("remote", "show", "main:images.json")).toBe("theirs");
});
