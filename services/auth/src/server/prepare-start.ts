import { setTimeout as sleep } from "node:timers/promises";
import { isAppError } from "@tandem/kernel";
import type { Health, Logger } from "@tandem/runtime";

export interface PrepareStartOptions {
  /** Idempotent: repeated until it succeeds once. */
  readonly work: (signal: AbortSignal) => Promise<void>;
  readonly health: Health;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** How long the start waits for it. Default 10 000. */
  readonly waitMs?: number;
}

/** Does what must be there before the first call. A database that is away does not stop the start: readiness waits until it is back. */
export const prepareStart = async ({
  work,
  health,
  log,
  signal,
  waitMs = 10_000,
}: PrepareStartOptions): Promise<void> => {
  let done = false;
  const trying = (async () => {
    for (let pauseMs = 100; !signal.aborted; pauseMs = Math.min(5_000, pauseMs * 2)) {
      try {
        await work(signal);
        done = true;
        return;
      } catch (err) {
        if (isAppError(err) && !err.retryable) log.error({ err }, "auth cannot be prepared as configured");
        else log.warn({ err }, "auth is not prepared yet");
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  })();
  health.addCheck("prepared", async () => {
    if (!done) throw new Error("no signing key, or no first operator yet");
  });
  const patience = new AbortController();
  await Promise.race([trying, sleep(waitMs, undefined, { signal: patience.signal }).catch(() => {})]);
  patience.abort();
};
