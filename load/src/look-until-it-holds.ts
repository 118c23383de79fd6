import { setTimeout as sleep } from "node:timers/promises";

export interface LookAgainOptions {
  /** From the first look on; at least one is taken. */
  readonly withinMs: number;
  readonly pauseMs: number;
  readonly say: (line: string) => void;
}

/**
 * Looks until nothing is wrong, or the time is over. For books of a platform with a broker of its own: what lies there shows in no
 * database, so an event that is still on its way looks like one that got lost. One that is lost stays so.
 * @returns what was wrong at the last look
 */
export const lookUntilItHolds = async (
  look: (leftMs: number) => Promise<readonly string[]>,
  { withinMs, pauseMs, say }: LookAgainOptions,
): Promise<readonly string[]> => {
  const endsAt = performance.now() + withinMs;
  for (;;) {
    const wrong = await look(Math.max(0, endsAt - performance.now()));
    if (wrong.length === 0 || performance.now() + pauseMs >= endsAt) return wrong;
    say(`${wrong.length} violations, or messages that are under way: looking again`);
    await sleep(pauseMs);
  }
};
