import { setTimeout as sleep } from "node:timers/promises";

export interface SayAgainOptions {
  /** Between attempts, in milliseconds. */
  readonly everyMs: number;
  /** In all, in milliseconds. */
  readonly forMs: number;
}

/**
 * Tries once, and when that fails again and again behind the caller's back, who gets the first error at once. For writes that are harmless
 * when they come late or twice. Keeps no process alive.
 */
export const sayAgain = async <T>(write: () => Promise<T>, { everyMs, forMs }: SayAgainOptions): Promise<T> => {
  try {
    return await write();
  } catch (error) {
    void repeat(write, everyMs, performance.now() + forMs);
    throw error;
  }
};

const repeat = async (write: () => Promise<unknown>, everyMs: number, until: number): Promise<void> => {
  while (performance.now() < until) {
    await sleep(everyMs, undefined, { ref: false });
    try {
      await write();
      return;
    } catch {
      // Still away.
    }
  }
};
