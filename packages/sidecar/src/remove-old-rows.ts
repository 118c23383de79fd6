import type pg from "pg";
import type { MessageLog } from "./message-log.ts";
import { createStateTable } from "./state-table.ts";

const INTERVAL_MS = 60_000;
const ONE_DAY_MS = 24 * 60 * 60 * 1_000;

/** As `maxLenApprox` of the Redis component in components/local. */
const MAX_MESSAGES = 100_000;

/** Forgets delivered messages after `retentionMs` and expired state, once a minute. A failure waits for the next round. */
export const removeOldRows = (pool: pg.Pool, messages: MessageLog, retentionMs = ONE_DAY_MS): AsyncDisposable => {
  const state = createStateTable(pool);
  let round: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    round = Promise.allSettled([messages.removeDelivered(retentionMs, MAX_MESSAGES), state.removeExpired()]);
  }, INTERVAL_MS);
  timer.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await round;
    },
  };
};
