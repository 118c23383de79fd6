import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apiShutdown, gatewayShutdown, shutdownTimes, workerShutdown } from "../src/contexts/shutdown-times.ts";

/** When the app has ended at the latest; runBinary adds a second to its timeout. */
const appEnds = ({ preStopSeconds, shutdownTimeoutMs }: typeof apiShutdown) =>
  preStopSeconds + shutdownTimeoutMs / 1_000 + 1;
const sidecarEnds = ({ sidecarBlockSeconds, sidecarGracefulSeconds }: typeof apiShutdown) =>
  sidecarBlockSeconds + sidecarGracefulSeconds;

describe("the times of a pod's end", () => {
  it("let the sidecar outlive an app that stops first, whatever its callers need to forget it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60_000 }), (drainDelayMs) => {
        const times = shutdownTimes("app", drainDelayMs);
        expect(times.sidecarBlockSeconds).toBeGreaterThan(appEnds(times));
        expect(times.graceSeconds).toBeGreaterThan(sidecarEnds(times));
        expect(times.shutdownTimeoutMs).toBeGreaterThan(times.drainDelayMs);
      }),
    );
  });

  it("let an API serve until its sidecar is gone, because callers' sidecars hold on to theirs", () => {
    const { preStopSeconds, drainDelayMs } = apiShutdown;
    expect(preStopSeconds + drainDelayMs / 1_000).toBeGreaterThanOrEqual(sidecarEnds(apiShutdown));
    expect(apiShutdown.graceSeconds).toBeGreaterThan(appEnds(apiShutdown));
  });

  it("let an API's sidecar serve until no name server gives out the pod's address any more", () => {
    expect(apiShutdown.sidecarBlockSeconds).toBeGreaterThan(30);
  });

  it("leave room for a delivery in progress, for which a worker's sidecar waits before it begins to stop", () => {
    expect(workerShutdown.graceSeconds - sidecarEnds(workerShutdown)).toBeGreaterThanOrEqual(25);
  });

  it("let the world forget the door, and make no worker wait that nobody calls", () => {
    expect(gatewayShutdown.drainDelayMs).toBe(5_000);
    expect(workerShutdown.drainDelayMs).toBe(0);
  });

  it("are within what the binaries take: a drain of a minute, a timeout of five", () => {
    for (const { drainDelayMs, shutdownTimeoutMs } of [apiShutdown, gatewayShutdown, workerShutdown]) {
      expect(drainDelayMs).toBeLessThanOrEqual(60_000);
      expect(shutdownTimeoutMs).toBeLessThanOrEqual(300_000);
    }
  });
});
