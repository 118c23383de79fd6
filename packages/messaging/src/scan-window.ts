/** Rows of the queue that a claim looks at for free ones: some 6 ms. */
const SCAN_ROWS = 16_000;
const WHOLE_QUEUE = 2 ** 30;
/** A look at the whole queue, from the very beginning, may take a tenth of the time and is made no more often than this. */
const WHOLE_EVERY_MS = 1_000;

export interface ScanWindow {
  /** Where to begin. */
  readonly floor: string;
  /** How many rows to look at. */
  readonly rows: number;
}

/**
 * Which part of the queue the next claim looks at.
 *
 * Claims that were sent leave dead rows at the head of the queue, and under a long transaction nobody can clear them away:
 * each claim would walk over all of them (measured: a third of the speed after 160 000). So a claim begins at the floor: the oldest
 * event that was there one to two seconds ago. Numbers are drawn at the commit, so nothing smaller is likely to appear after that;
 * what does (a commit that hung, an event that a person released) is found by the look at the whole queue. So is what stands
 * behind more waiting events of one busy aggregate than a claim looks at.
 */
export const createScanWindow = ({ lagMs = 1_000, now = () => performance.now() } = {}) => {
  let floor = 0n;
  let next = 0n;
  let nextAt = now();
  let wholeAt = now();
  let cut = false;
  let whole = false;
  let startedAt = 0;
  return {
    next: (): ScanWindow => {
      startedAt = now();
      whole = startedAt >= wholeAt;
      return whole ? { floor: "0", rows: cut ? WHOLE_QUEUE : SCAN_ROWS } : { floor: floor.toString(), rows: SCAN_ROWS };
    },
    /** @param head the oldest event that the claim has seen; undefined when it has not looked */
    looked: (head: string | undefined, wasCut: boolean): void => {
      const time = now();
      if (head === undefined) return;
      cut = wasCut;
      if (whole) wholeAt = time + Math.max(WHOLE_EVERY_MS, 10 * (time - startedAt));
      const oldest = BigInt(head) - 1n;
      if (oldest < floor) floor = oldest;
      if (oldest < next) next = oldest;
      if (time - nextAt < lagMs) return;
      floor = next;
      next = oldest;
      nextAt = time;
    },
  };
};
