import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apiShutdown, shutdownTimes, workerShutdown } from "../src/contexts/shutdown-times.ts";

describe("the times of a pod's end", () => {
  it("let the sidecar outlive its app, and the pod outlive both, whatever the app gives itself", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 60_000 }),
        fc.integer({ min: 1_000, max: 300_000 }),
        (drainDelayMs, shutdownTimeoutMs) => {
          fc.pre(drainDelayMs < shutdownTimeoutMs);
          const times = shutdownTimes({ drainDelayMs, shutdownTimeoutMs });
          // A second is what runBinary adds to its timeout.
          expect(times.sidecarBlockSeconds).toBeGreaterThan(times.preStopSeconds + shutdownTimeoutMs / 1_000 + 1);
          expect(times.graceSeconds).toBeGreaterThan(times.sidecarBlockSeconds + times.sidecarGracefulSeconds);
        },
      ),
    );
  });

  it("leave room for a delivery in progress, for which the sidecar waits before it begins to stop", () => {
    const { graceSeconds, sidecarBlockSeconds, sidecarGracefulSeconds } = workerShutdown;
    expect(graceSeconds - sidecarBlockSeconds - sidecarGracefulSeconds).toBeGreaterThanOrEqual(25);
  });

  it("let endpoints forget an API, and make no worker wait that has none", () => {
    expect(apiShutdown.drainDelayMs).toBe(5_000);
    expect(workerShutdown.drainDelayMs).toBe(0);
  });

  it("refuse a drain delay that leaves nothing to stop in", () => {
    expect(() => shutdownTimes({ drainDelayMs: 5_000, shutdownTimeoutMs: 5_000 })).toThrow(
      "a drain delay of 5000 ms leaves nothing of a shutdown timeout of 5000 ms",
    );
  });
});
