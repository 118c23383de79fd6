import { AppError } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { ContinuousWorker, Logger, Metrics } from "@tandem/runtime";
import type { ConsumerHost } from "./create-consumer-host.ts";
import { type DeadLetterRow, toDeadLetter } from "./dead-letter.ts";
import { pruneInbox } from "./inbox.ts";
import { observeDeadLetters } from "./observe-dead-letters.ts";
import { createSleeper } from "./sleeper.ts";

export interface ReplayWorkerOptions {
  readonly database: Database;
  readonly host: ConsumerHost;
  readonly log?: Logger;
  readonly metrics?: Metrics;
  /** Between looks for replays that were asked for. Default 1 000. */
  readonly pollMs?: number;
  /** How long a replay is left to a worker that may have died. Default 60 000. */
  readonly leaseMs?: number;
  /** How long inbox rows are kept; longer than any broker redelivers. Default 7 days. */
  readonly inboxRetainMs?: number;
  /** Between rounds of deleting old inbox rows. Default 10 minutes. */
  readonly pruneEveryMs?: number;
}

const BATCH = 20;

/** Delivers dead letters again that somebody asked for, to their consumer and under their id; prunes the inbox by age. */
export const createReplayWorker = (options: ReplayWorkerOptions): ContinuousWorker => {
  const { database, host, log, pollMs = 1_000, leaseMs = 60_000, pruneEveryMs = 600_000 } = options;
  const retainMs = options.inboxRetainMs ?? 7 * 24 * 3_600_000;
  const sleeper = createSleeper();
  let stopping = false;
  let looping: Promise<void> | undefined;
  let unobserve: (() => void) | undefined;
  let prunedAt = Number.NEGATIVE_INFINITY;
  let lastError: unknown;

  const replay = async (row: DeadLetterRow, signal: AbortSignal): Promise<void> => {
    const { consumer, event } = toDeadLetter(row);
    const delivery = await host.redeliver(consumer, event, signal);
    // "drop": it failed again and is open again, or its consumer is gone. "retry": not now (draining, database away).
    if (delivery === "ack") await database.query(RESOLVE, [row.id]);
    else await database.query(REOPEN, [row.id, delivery === "retry" ? "replay_requested" : "open"]);
    log?.info({ deadLetter: row.id, consumer, eventId: event.id, delivery }, "replayed a dead letter");
  };

  const turn = async (signal: AbortSignal): Promise<number> => {
    if (performance.now() - prunedAt > pruneEveryMs) {
      prunedAt = performance.now();
      const rows = await pruneInbox(database, { retainMs, signal });
      if (rows > 0) log?.debug({ rows }, "pruned the inbox");
    }
    const { rows } = await database.query<DeadLetterRow>({
      name: "replay claim",
      text: CLAIM,
      values: [BATCH, leaseMs],
    });
    await Promise.all(rows.map((row) => replay(row, signal)));
    return rows.length;
  };

  const loop = async (signal: AbortSignal): Promise<void> => {
    while (!stopping && !signal.aborted) {
      let found = 0;
      try {
        found = await turn(signal);
        lastError = undefined;
      } catch (error) {
        if (stopping || signal.aborted) break;
        if (lastError === undefined) log?.error({ err: error }, "dead letters cannot be read; trying again");
        lastError = error;
      }
      await sleeper.sleep(found === BATCH ? 0 : pollMs);
    }
  };

  return {
    name: "dead-letter-replay",
    kind: "event",
    start: async (signal) => {
      signal.throwIfAborted();
      if (looping) throw new AppError("internal", "replay.started_twice", "The replay worker runs already");
      unobserve = options.metrics && observeDeadLetters(database, host, options.metrics);
      looping = loop(signal);
    },
    stop: async () => {
      stopping = true;
      unobserve?.();
      sleeper.wake();
      await looping;
    },
    healthCheck: async () => {
      if (lastError)
        throw new AppError("unavailable", "replay.database_failing", "Dead letters cannot be read", {
          cause: lastError,
        });
    },
  };
};

// Prepared, because each worker asks every second: so with its columns, which `*` would change under it.
const CLAIM = `
  update tandem.dead_letter set status = 'replaying', lease_until = now() + $2 * interval '1 millisecond'
  where id = any (array(
    select id from tandem.dead_letter
    where status = 'replay_requested' or (status = 'replaying' and lease_until < now())
    order by last_failed_at limit $1 for update skip locked))
  returning id, consumer, event_id, status, reason, topic, type, source, subject, event_time, data, traceparent, correlation_id, error_kind,
    error_code, error_message, error_stack, fingerprint, attempts, replays, first_failed_at, last_failed_at, resolved_at, resolved_by`;

const RESOLVE = `
  update tandem.dead_letter
  set status = 'replayed', replays = replays + 1, resolved_at = now(), lease_until = null
  where id = $1 and status = 'replaying'`;

const REOPEN = "update tandem.dead_letter set status = $2, lease_until = null where id = $1 and status = 'replaying'";
