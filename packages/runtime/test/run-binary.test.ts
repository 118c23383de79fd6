import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pollUntil } from "@tandem/testkit";
import { afterEach, expect, test } from "vitest";

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
});

const PHASES = ["drain-rpc", "drained", "drain-consumers", "stop-workers", "close-resources", "flush-telemetry"];

/** Starts the fixture as a process of its own, and reads what it says. */
const start = (behaviour: string, env: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "fixtures/binary.ts"), behaviour], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const said = () => out.split("\n").filter(Boolean);
  const heard = (event: string) => pollUntil(() => said().find((line) => line.startsWith(event)), { message: event });
  return {
    child,
    said,
    heard,
    errors: () => err,
    addresses: async () => JSON.parse((await heard("ready ")).slice(6)) as { http: string; ops: string },
    /** What happened after it was ready, and how it ended. */
    end: async () => {
      const [code, signal] = await closed;
      return { code: code ?? signal, events: said().filter((line) => !line.startsWith("ready ")) };
    },
  };
};

test.each(["SIGTERM", "SIGINT"] as const)("%s drains in order and exits with 0", async (signal) => {
  const binary = start("plain");
  await binary.addresses();
  binary.child.kill(signal);
  expect(await binary.end()).toEqual({ code: 0, events: PHASES });
});

test("a request in flight is answered before the process goes", async () => {
  const binary = start("plain");
  const { http } = await binary.addresses();
  const answer = fetch(http, { headers: { connection: "close" } }).then((response) => response.text());
  await binary.heard("request");
  binary.child.kill("SIGTERM");
  expect(await answer).toBe("answer");
  expect(await binary.end()).toEqual({ code: 0, events: ["request", ...PHASES] });
});

test("it is unready at once, and still serves while the endpoints forget it", async () => {
  const binary = start("delay");
  const { http, ops } = await binary.addresses();
  expect((await fetch(`${ops}/readyz`)).status).toBe(200);
  binary.child.kill("SIGTERM");
  await pollUntil(async () => (await fetch(`${ops}/readyz`)).status === 503);
  expect(binary.said()).not.toContain("drain-rpc");
  const late = await fetch(http, { headers: { connection: "close" } });
  expect(await late.text()).toBe("answer");
  expect(await binary.end()).toMatchObject({ code: 0 });
});

test("a second signal exits at once", async () => {
  const binary = start("plain");
  const { http } = await binary.addresses();
  const answer = fetch(http).catch(() => "cut off");
  await binary.heard("request");
  binary.child.kill("SIGTERM");
  await binary.heard("drain-rpc");
  binary.child.kill("SIGTERM");
  expect(await binary.end()).toEqual({ code: 1, events: ["request", "drain-rpc"] });
  await answer;
});

test("a stop that hangs ends in time, with 1", async () => {
  const binary = start("stuck");
  await binary.addresses();
  binary.child.kill("SIGTERM");
  expect(await binary.end()).toEqual({ code: 1, events: PHASES.slice(0, 4) });
  expect(binary.errors()).toContain("stop did not end in time");
});

test("a signal during start-up ends it", async () => {
  const binary = start("slow-start");
  await binary.heard("starting");
  binary.child.kill("SIGTERM");
  expect(await binary.end()).toEqual({ code: 0, events: ["starting"] });
});

test("a bad configuration exits with 78 and names every key, without a stack and without a value", async () => {
  const binary = start("bad-config", { HTTP_PORT: "eighty", API_TOKEN: "too-short-a-secret" });
  expect(await binary.end()).toEqual({ code: 78, events: [] });
  expect(binary.errors()).toBe(
    "bad configuration:\n  HTTP_PORT: must be a port number\n  API_TOKEN: must have at least 32 characters\n  OTHER: is required\n",
  );
});

test("a start that fails exits with 1 and says why", async () => {
  const binary = start("bad-start");
  expect((await binary.end()).code).toBe(1);
  expect(binary.errors()).toContain("no database");
});

test.each([
  ["fail", "relay died"],
  ["reject", "forgotten"],
  ["throw", "thrown in a timer"],
])("a binary that cannot go on (%s) still drains, and exits with 1", async (behaviour, reason) => {
  const binary = start(behaviour);
  expect(await binary.end()).toEqual({ code: 1, events: PHASES });
  expect(binary.errors()).toContain(reason);
});
