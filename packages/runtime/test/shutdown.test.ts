import { createHealth, createShutdown } from "@tandem/runtime";
import { captureLog } from "@tandem/testkit";
import { expect, test } from "vitest";

const make = (options: { drainDelayMs?: number; timeoutMs?: number } = {}) => {
  const health = createHealth();
  health.setServing(true);
  const { log, lines } = captureLog();
  return { health, lines, shutdown: createShutdown({ health, log, ...options }) };
};

test("phases run in their order, whatever the order of registration; hooks of one phase run together", async () => {
  const { shutdown, health } = make();
  const seen: string[] = [];
  const bothStarted = Promise.withResolvers<void>();
  let started = 0;
  const meet = async () => {
    started += 1;
    if (started === 2) bothStarted.resolve();
    await bothStarted.promise;
  };
  shutdown.on("flush-telemetry", "traces", () => void seen.push("flush"));
  shutdown.on("close-resources", "pool", () => void seen.push("close"));
  shutdown.on("stop-workers", "relay", meet);
  shutdown.on("stop-workers", "jobs", meet);
  shutdown.on("stop-workers", "note", () => void seen.push("workers"));
  shutdown.on("drain-consumers", "host", () => void seen.push("consumers"));
  shutdown.on("drain-rpc", "server", () => void seen.push(`rpc serving=${health.serving}`));
  const report = await shutdown.run("test");
  expect(seen).toEqual(["rpc serving=false", "consumers", "workers", "close", "flush"]);
  expect(report).toMatchObject({ clean: true, unfinished: [] });
});

test("it is unready, and its signal has aborted, before the delay; nothing drains until the delay is over", async () => {
  const { shutdown, health } = make({ drainDelayMs: 30 });
  let drained = false;
  shutdown.on("drain-rpc", "server", () => {
    drained = true;
  });
  const running = shutdown.run("test");
  expect([health.serving, shutdown.signal.aborted, drained]).toEqual([false, true, false]);
  await running;
  expect(drained).toBe(true);
});

test("a hook that fails or hangs is reported and holds up nobody; the pool still closes and telemetry still flushes", async () => {
  const { shutdown, lines } = make({ timeoutMs: 100 });
  const seen: string[] = [];
  shutdown.on("drain-rpc", "stuck", () => new Promise(() => {}));
  shutdown.on("drain-consumers", "broken", () => Promise.reject(new Error("no")));
  shutdown.on("close-resources", "pool", () => void seen.push("pool"));
  shutdown.on("flush-telemetry", "traces", () => void seen.push("traces"));
  const { clean, unfinished } = await shutdown.run("test");
  expect(clean).toBe(false);
  expect(unfinished).toEqual(["drain-rpc/stuck", "drain-consumers/broken"]);
  expect(seen).toEqual(["pool", "traces"]);
  expect(lines.filter(({ msg }) => msg === "shutdown hook failed")).toHaveLength(2);
});

test("a hook learns by its signal that its time is up", async () => {
  const { shutdown } = make({ timeoutMs: 50 });
  const told = Promise.withResolvers<void>();
  shutdown.on("drain-rpc", "slow", (signal) => {
    signal.addEventListener("abort", () => told.resolve());
    return new Promise(() => {});
  });
  await shutdown.run("test");
  await expect(told.promise).resolves.toBeUndefined();
});

test("it runs once, however often it is asked to", async () => {
  const { shutdown } = make();
  let runs = 0;
  shutdown.on("close-resources", "pool", () => {
    runs += 1;
  });
  const [first, second] = await Promise.all([shutdown.run("one"), shutdown.run("two")]);
  expect(second).toBe(first);
  expect(runs).toBe(1);
});
