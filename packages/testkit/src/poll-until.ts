import { setTimeout as sleep } from "node:timers/promises";

export interface PollOptions {
  /** Default 20 000: generous, because it only matters to a test that fails. */
  readonly timeoutMs?: number;
  /** Default 10. */
  readonly intervalMs?: number;
  /** What was waited for; part of the error. */
  readonly message?: string;
}

/**
 * Asks `condition` again and again until it returns something truthy, and returns that. A condition that throws is asked
 * again; at the end its last error becomes the cause.
 */
export const pollUntil = async <T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 20_000, intervalMs = 10, message = "the condition" }: PollOptions = {},
): Promise<NonNullable<T>> => {
  const startedAt = performance.now();
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() - startedAt > timeoutMs)
      throw new Error(`${message} did not come true within ${timeoutMs} ms`, { cause });
    await sleep(intervalMs);
  }
};
