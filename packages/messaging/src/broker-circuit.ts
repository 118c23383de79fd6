const TRUST_MS = 60_000;

export interface BrokerCircuitOptions {
  /** Pause after the first batch of which nothing got through; doubles with every further one. */
  readonly minPauseMs: number;
  readonly maxPauseMs: number;
  readonly random: () => number;
}

/**
 * Stops claiming while the broker is away. Own, and not `@tandem/resilience`'s: what it guards is the claim that would come
 * before the call, so the relay must know how long to wait before it makes one.
 */
export const createBrokerCircuit = ({ minPauseMs, maxPauseMs, random }: BrokerCircuitOptions) => {
  let failures = 0;
  let closedAt = 0;
  let passedAt = Number.NEGATIVE_INFINITY;
  return {
    /** Closed: claim at will. Half open: one small batch. Open: wait for `pauseMs`. */
    get state(): "closed" | "half_open" | "open" {
      if (failures === 0) return "closed";
      return performance.now() < closedAt ? "open" : "half_open";
    },
    get pauseMs(): number {
      return Math.max(0, closedAt - performance.now());
    },
    failed(): void {
      // Batches that were in flight when it opened say nothing new.
      if (this.state === "open") return;
      const ceiling = Math.min(maxPauseMs, minPauseMs * 2 ** Math.min(failures, 20));
      failures += 1;
      closedAt = performance.now() + ceiling * (0.75 + random() / 4);
    },
    /** Something got through of late, so the way to the broker is in order: what it refuses is at fault itself. */
    get trusted(): boolean {
      return failures === 0 && performance.now() - passedAt < TRUST_MS;
    },
    passed(): void {
      passedAt = performance.now();
      failures = 0;
    },
  };
};

export type BrokerCircuit = ReturnType<typeof createBrokerCircuit>;
