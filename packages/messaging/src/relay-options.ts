import type { Tracer } from "@opentelemetry/api";
import type { Database } from "@tandem/postgres";
import type { Logger, Metrics } from "@tandem/runtime";
import type { EventPublisher } from "./events.ts";

/** Where a fault suite may stop or kill the relay. */
export type FaultPoint = "before-claim" | "after-claim" | "mid-batch" | "after-publish" | "before-mark";

export interface RelayOptions {
  readonly database: Database;
  readonly publisher: EventPublisher;
  readonly log?: Logger;
  readonly metrics?: Metrics;
  readonly tracer?: Tracer;
  /** Events of one claim: 1 to 5 000. Default 500. */
  readonly batchSize?: number;
  /** Batches in flight: while one is published, the next is claimed. 1 to 16. Default 3. */
  readonly pipeline?: number;
  /** Events of one aggregate in one batch, published one after the other. Default 32. */
  readonly maxRun?: number;
  /** How long a dead relay's events are left alone, by the database's clock. 200 or more. Default 10 000. */
  readonly leaseMs?: number;
  /** Longest publish of a batch; at most half the lease. Default 45 % of it. */
  readonly publishTimeoutMs?: number;
  /** Lease and publish get more time, up to this lease, where publishes are not answered in theirs. Default 8 leases, 60 000 at most. */
  readonly maxLeaseMs?: number;
  /** Tries that failed while others passed, before an event is parked. Default 30: some 20 minutes. */
  readonly maxAttempts?: number;
  /** Deaths of a relay with this event in flight, before it is parked. Default 5. */
  readonly maxCrashes?: number;
  /** Pause before the second try of a failed event; doubles up to `retryMaxDelayMs`. Defaults 200 and 60 000. */
  readonly retryMinDelayMs?: number;
  readonly retryMaxDelayMs?: number;
  /** Pause of the circuit when the broker is away; doubles up to `outageMaxPauseMs`. Defaults 100 and 5 000. */
  readonly outageMinPauseMs?: number;
  readonly outageMaxPauseMs?: number;
  /** Longest pause between polls when nothing comes and nothing wakes. Default 1 000. */
  readonly maxPollMs?: number;
  /** How long payloads are kept after the day they were written. Default 7 days. */
  readonly retainMs?: number;
  /** Between rounds of making and dropping partitions. Default 10 minutes. */
  readonly housekeepingEveryMs?: number;
  /** Called at named points; what it returns is awaited. For fault suites. */
  readonly faultPoint?: (name: FaultPoint) => void | Promise<void>;
  /** 0 <= n < 1. Default `Math.random`. */
  readonly random?: () => number;
}

type Defaulted = Omit<RelayOptions, "database" | "publisher" | "log" | "metrics" | "tracer">;
export type RelaySettings = Required<Defaulted>;

const DAY_MS = 24 * 60 * 60 * 1_000;

/** @throws TypeError for numbers out of range */
export const settleRelay = (options: RelayOptions): RelaySettings => {
  const leaseMs = options.leaseMs ?? 10_000;
  const settings: RelaySettings = {
    batchSize: options.batchSize ?? 500,
    pipeline: options.pipeline ?? 3,
    maxRun: options.maxRun ?? 32,
    leaseMs,
    publishTimeoutMs: options.publishTimeoutMs ?? Math.floor(leaseMs * 0.45),
    maxLeaseMs: options.maxLeaseMs ?? Math.max(leaseMs, Math.min(leaseMs * 8, 60_000)),
    maxAttempts: options.maxAttempts ?? 30,
    maxCrashes: options.maxCrashes ?? 5,
    retryMinDelayMs: options.retryMinDelayMs ?? 200,
    retryMaxDelayMs: options.retryMaxDelayMs ?? 60_000,
    outageMinPauseMs: options.outageMinPauseMs ?? 100,
    outageMaxPauseMs: options.outageMaxPauseMs ?? 5_000,
    maxPollMs: options.maxPollMs ?? 1_000,
    retainMs: options.retainMs ?? 7 * DAY_MS,
    housekeepingEveryMs: options.housekeepingEveryMs ?? 600_000,
    faultPoint: options.faultPoint ?? (() => {}),
    random: options.random ?? Math.random,
  };
  const within = (name: keyof RelaySettings, low: number, high: number) => {
    const value = settings[name] as number;
    if (!(value >= low && value <= high)) throw new TypeError(`relay: ${name} is ${value}, not ${low} to ${high}`);
  };
  within("batchSize", 1, 5_000);
  within("pipeline", 1, 16);
  within("maxRun", 1, 1_000);
  within("leaseMs", 200, 3_600_000);
  // Half a lease is left for the mark, and for a clock that stood still.
  within("publishTimeoutMs", 1, leaseMs / 2);
  within("maxLeaseMs", leaseMs, 3_600_000);
  within("maxAttempts", 1, 1_000);
  within("maxCrashes", 1, 1_000);
  return settings;
};
