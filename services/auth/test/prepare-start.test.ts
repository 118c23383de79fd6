import { AppError } from "@tandem/kernel";
import { createHealth } from "@tandem/runtime";
import { captureLog, pollUntil } from "@tandem/testkit";
import { describe, expect, it } from "vitest";
import { prepareStart } from "../src/server/prepare-start.ts";

describe("what must be there before the first call", () => {
  it("is waited for; without it the start goes on and readiness waits", async () => {
    const health = createHealth();
    health.setServing(true);
    const { log, lines } = captureLog("warn");
    const stop = new AbortController();
    let tries = 0;
    let away = true;
    const work = async () => {
      tries += 1;
      if (tries === 1) throw new AppError("invalid_argument", "auth.password_weak", "too weak");
      if (away) throw new Error("no database");
    };
    await prepareStart({ work, health, log, signal: stop.signal, waitMs: 1 });
    expect((await health.ready()).ok).toBe(false);
    await pollUntil(() => lines.length > 1, { timeoutMs: 5_000 });
    expect(lines.map(({ msg }) => msg).slice(0, 2)).toEqual([
      "auth cannot be prepared as configured",
      "auth is not prepared yet",
    ]);
    away = false;
    await pollUntil(async () => (await health.ready()).ok, { timeoutMs: 10_000 });
    stop.abort();
  });

  it("is not tried again after a shutdown", async () => {
    const health = createHealth();
    let tries = 0;
    const work = async () => {
      tries += 1;
      throw new Error("no database");
    };
    const { log } = captureLog("warn");
    await prepareStart({ work, health, log, signal: AbortSignal.abort() });
    expect(tries).toBe(0);
  });
});
