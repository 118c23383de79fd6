import type { Clock } from "@tandem/kernel";
import { isAppError } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { ContinuousWorker, Logger } from "@tandem/runtime";

export interface TimerOptions {
  /** Timers claimed at once. Default 100. */
  readonly batchSize?: number;
  /** Timers fired at once, each in a transaction of its own. Default 4. */
  readonly concurrency?: number;
  /** A claimed timer comes due again after this if its claimer died or failed; doubles with each failure. Default 15000. */
  readonly leaseMs?: number;
  /** Longest sleep: how late a timer set by another process may be noticed. Default 1000. */
  readonly maxPollMs?: number;
  /** Failures of unknown kind before the saga is parked. Transient ones do not count up to it. Default 10. */
  readonly maxAttempts?: number;
}

interface TimerDeps extends TimerOptions {
  readonly name: string;
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger | undefined;
  readonly fire: (id: string, version: number) => Promise<{ readonly outcome: string }>;
  readonly park: (id: string, reason: string) => Promise<unknown>;
}

interface DueTimer {
  readonly id: string;
  readonly version: number;
  readonly attempts: number;
}

// A claim is a lease: it moves `fire_at` ahead, so nothing is lost when the claimer dies. Rows are not held locked while
// sagas advance: an advancing saga locks saga before timer, and the other order would deadlock with it.
// It also says when the next one is due.
const claimDue = `
  with due as (
    select name, id from tandem.saga_timer where name = $1 and fire_at <= $2
    order by fire_at limit $3 for update skip locked
  ), claimed as (
  update tandem.saga_timer t
  set fire_at = $2::timestamptz + least($4::float8 * power(2, least(t.attempts, 20)), 600000) * interval '1 millisecond',
    attempts = t.attempts + 1
  from due where t.name = due.name and t.id = due.id
  returning t.id, t.version, t.attempts
  )
  select c.id, c.version, c.attempts, n.at
  from (select min(fire_at) as at from tandem.saga_timer where name = $1 and fire_at > $2) n left join claimed c on true`;

/** Fires due timers of one saga definition, from as many processes as there are. */
export const createTimerWorker = (deps: TimerDeps) => {
  const { name, database, clock, log, fire, park } = deps;
  const { batchSize = 100, concurrency = 4, leaseMs = 15_000, maxPollMs = 1_000, maxAttempts = 10 } = deps;
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  let wake = () => {};
  let wakeAtMs = 0;
  /** The first of the timers that were set here since the last claim. */
  let expectedAtMs = Number.POSITIVE_INFINITY;
  let lastPollAtMs = 0;
  let lastError: unknown;

  const fireOne = async ({ id, version, attempts }: DueTimer) => {
    try {
      const { outcome } = await fire(id, version);
      if (outcome === "unknown") {
        await database.query("delete from tandem.saga_timer where name = $1 and id = $2 and version = $3", [
          name,
          id,
          version,
        ]);
      }
    } catch (err) {
      const transient = isAppError(err) && err.retryable;
      const permanent = isAppError(err) && !err.retryable;
      log?.warn({ err, saga: name, sagaId: id, attempts }, "saga timer failed");
      if (transient || (!permanent && attempts < maxAttempts)) return;
      const reason = `timer failed: ${isAppError(err) ? err.code : err instanceof Error ? err.message : String(err)}`;
      await park(id, reason).catch((cause) =>
        log?.error({ err: cause, saga: name, sagaId: id }, "saga could not be parked"),
      );
    }
  };

  const sweep = async (): Promise<number> => {
    const now = clock.now();
    expectedAtMs = Number.POSITIVE_INFINITY;
    const { rows } = await database.query<DueTimer & { readonly at: Date | null }>({
      name: "saga-timers-claim",
      text: claimDue,
      values: [name, now, batchSize, leaseMs],
    });
    const due = rows.filter(({ id }) => id !== null);
    const queue = due.values();
    const lane = async () => {
      for (const timer of queue) await fireOne(timer);
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, due.length) }, lane));
    if (due.length === batchSize) return 0;
    const next = Math.min(expectedAtMs, rows[0]?.at?.getTime() ?? Number.POSITIVE_INFINITY);
    return Math.max(0, next - clock.now().getTime());
  };

  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(() => wake(), ms);
      wakeAtMs = Date.now() + ms;
      wake = () => {
        clearTimeout(timer);
        wake = () => {};
        resolve();
      };
      if (stopping.signal.aborted) wake();
    });

  const loop = async () => {
    while (!stopping.signal.aborted) {
      let pauseMs = maxPollMs;
      try {
        pauseMs = await sweep();
        lastError = undefined;
        lastPollAtMs = performance.now();
      } catch (err) {
        lastError = err;
        log?.warn({ err, saga: name }, "saga timers could not be read");
      }
      if (!stopping.signal.aborted) await sleep(Math.min(Math.max(pauseMs, 1), maxPollMs));
    }
  };

  const worker: ContinuousWorker = {
    name: `saga-timers:${name}`,
    kind: "cron",
    async start(signal) {
      if (running) return;
      signal.addEventListener("abort", () => void worker.stop(), { once: true });
      lastPollAtMs = performance.now();
      running = loop();
    },
    async stop() {
      stopping.abort();
      wake();
      await running;
    },
    async healthCheck() {
      if (running && !stopping.signal.aborted && performance.now() - lastPollAtMs > maxPollMs + 30_000) {
        throw new Error(`${worker.name} has not got to its timers for 30 s`, { cause: lastError });
      }
    },
  };

  return {
    worker,
    /** A timer was set in this process: do not sleep past it. */
    expect(at: Date | undefined) {
      if (!at) return;
      expectedAtMs = Math.min(expectedAtMs, at.getTime());
      if (at.getTime() < wakeAtMs) wake();
    },
  };
};
