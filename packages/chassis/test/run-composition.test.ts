import { createHealth, createLogger, createShutdown } from "@tandem/runtime";
import { describe, expect, it } from "vitest";
import type { PlatformConfig } from "../src/config.ts";
import type { Platform } from "../src/platform.ts";
import { runComposition } from "../src/run-composition.ts";

const opened = () => {
  const health = createHealth();
  const log = createLogger({ service: "test", level: "silent" });
  const shutdown = createShutdown({ health, log });
  const order: string[] = [];
  shutdown.on("flush-telemetry", "traces", () => void order.push("traces"));
  shutdown.on("close-resources", "postgres", () => void order.push("postgres"));
  shutdown.on("drain-rpc", "rpc", () => void order.push("rpc"));
  return { platform: { health, shutdown } as unknown as Platform<PlatformConfig>, health, shutdown, order };
};

describe("a composition", () => {
  it("serves once it is up, and stops in the order of a shutdown", async () => {
    const { platform, health, order } = opened();
    const binary = await runComposition("order", platform, async () => ({ http: "http://127.0.0.1:8001" }));
    expect(health.serving).toBe(true);
    expect(binary.addresses).toEqual({ http: "http://127.0.0.1:8001" });
    await binary.stop();
    expect(health.serving).toBe(false);
    expect(order).toEqual(["rpc", "postgres", "traces"]);
  });

  it("closes what it opened when the start fails half-way, and says why", async () => {
    const { platform, health, order } = opened();
    const starting = runComposition("order", platform, async () => {
      throw new Error("port taken");
    });
    await expect(starting).rejects.toThrow("port taken");
    expect(order).toEqual(["rpc", "postgres", "traces"]);
    expect(health.serving).toBe(false);
  });

  it("says so when it could not stop cleanly", async () => {
    const { platform, shutdown } = opened();
    shutdown.on("stop-workers", "relay", () => Promise.reject(new Error("hangs")));
    const binary = await runComposition("order-worker", platform, async () => ({}));
    await expect(binary.stop()).rejects.toThrow(/stop-workers\/relay/);
  });
});
