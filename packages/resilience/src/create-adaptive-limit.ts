export interface AdaptiveLimitOptions {
  /** Never below: so many calls at once are no queue, however slow they are. Default 16, at least 1. */
  readonly min?: number;
  /** Never above, and where it starts. Default 512. */
  readonly max?: number;
  /** A call that took longer has stood in a queue: half of the patience of who calls. Milliseconds. */
  readonly slowMs: number;
  /** After so long without a slow call everything is forgotten. Milliseconds, default 10000. */
  readonly forgetMs?: number;
  /** Milliseconds that only go forward. Default `performance.now`. */
  readonly now?: () => number;
  /** Told of every change. */
  readonly onLimit?: (limit: number) => void;
}

export interface AdaptiveLimit {
  readonly limit: number;
  readonly inFlight: number;
  /**
   * @param share of the limit that this kind of call may fill, 0 to 1, default 1: who comes with less is turned away first
   * @returns undefined when there is no room; else to be called once, when the call has ended: with false if it got no answer, which
   * says nothing of how fast answers come (it may still have been slow)
   */
  enter(share?: number): ((answered?: boolean) => void) | undefined;
}

const DECREASE = 0.75;

/**
 * As many calls at once as their receiver can answer in time. More than it can work on only stand in line, until all of them are too late:
 * who comes then is better told at once. How many that is nobody knows beforehand, so it is found as TCP finds its window (additive
 * increase, multiplicative decrease, once per round trip: RFC 5681): a slow call takes a quarter off what was in progress, fast ones
 * give back one per round.
 */
export const createAdaptiveLimit = (options: AdaptiveLimitOptions): AdaptiveLimit => {
  const { min = 16, max = 512, slowMs, forgetMs = 10_000, now = () => performance.now(), onLimit } = options;
  // Not a whole number: a round of fast calls adds one to it.
  let limit = Math.max(min, max);
  let inFlight = 0;
  let decreasedAt = Number.NEGATIVE_INFINITY;
  let slowAt = Number.NEGATIVE_INFINITY;

  const setLimit = (next: number) => {
    const before = Math.floor(limit);
    limit = Math.min(Math.max(min, max), Math.max(min, next));
    if (Math.floor(limit) !== before) onLimit?.(Math.floor(limit));
  };

  const end = (startedAt: number, answered: boolean) => {
    const at = now();
    const filled = inFlight;
    inFlight -= 1;
    if (at - startedAt <= slowMs) {
      // Who did not need the room has not shown that there is more.
      if (answered && limit < max && filled * 2 >= limit) setLimit(limit + 1 / limit);
      return;
    }
    if (filled <= min) return;
    slowAt = at;
    // Who was here before the last cut knows nothing of what it did.
    if (startedAt < decreasedAt) return;
    decreasedAt = at;
    setLimit(Math.min(limit, filled) * DECREASE);
  };

  return {
    get limit() {
      return Math.floor(limit);
    },
    get inFlight() {
      return inFlight;
    },
    enter: (share = 1) => {
      const at = now();
      if (limit < max && at - slowAt > forgetMs) setLimit(max);
      if (inFlight >= Math.max(1, Math.floor(limit * share))) return undefined;
      inFlight += 1;
      let ended = false;
      return (answered = true) => {
        if (ended) return;
        ended = true;
        end(at, answered);
      };
    },
  };
};
