import type { Clock } from "@tandem/kernel";

export interface ManualClock extends Clock {
  advance(ms: number): void;
  set(now: Date): void;
}

/** A clock that stands still until it is told otherwise. Starts at 2026-01-01T00:00:00Z by default. */
export const manualClock = (start: Date = new Date("2026-01-01T00:00:00Z")): ManualClock => {
  let nowMs = start.getTime();
  return {
    now: () => new Date(nowMs),
    advance: (ms) => {
      nowMs += ms;
    },
    set: (now) => {
      nowMs = now.getTime();
    },
  };
};
