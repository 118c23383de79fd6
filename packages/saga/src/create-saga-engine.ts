import type { Tracer } from "@opentelemetry/api";
import { AppError, type Clock, systemClock } from "@tandem/kernel";
import type { Database, Transaction } from "@tandem/postgres";
import {
  type ContinuousWorker,
  currentContext,
  currentTraceparent,
  inSpan,
  type Logger,
  type Metrics,
  runInContext,
  withTraceparent,
} from "@tandem/runtime";
import { type Advance, advance, begin, type SagaInput } from "./advance.ts";
import { createTimerWorker, type TimerOptions } from "./create-timer-worker.ts";
import { createHeldAdvances } from "./held-advances.ts";
import { positionOf, type SagaInstance, type StepOutcome } from "./instance.ts";
import { makeSagaMetrics } from "./saga-metrics.ts";
import { makeSagaQueries, type SagaQueries } from "./saga-queries.ts";
import { makeStore, type OnceRow, type Origin, type StoredSaga } from "./store.ts";
import type { SagaDefinition, SagaTypes } from "./types.ts";

export interface ApplyContext<T extends SagaTypes> {
  /** The saga after the transition. */
  readonly saga: SagaInstance<T>;
  /** The event that caused it, if one did. */
  readonly eventId?: string | undefined;
  /** Columns of the engine's `subject`, locked and read with the saga; all null where there is none. Absent when the saga starts. */
  readonly subject?: Readonly<Record<string, unknown>> | undefined;
}

export interface SagaEngineOptions<T extends SagaTypes> {
  readonly saga: SagaDefinition<T>;
  readonly database: Database;
  /**
   * Executes the effects of one transition in its transaction, in order: append events to the outbox, change rows. No
   * call leaves the database from here. What it throws rolls everything back.
   */
  readonly apply: (tx: Transaction, effects: readonly T["effect"][], context: ApplyContext<T>) => Promise<void>;
  /**
   * `select ... from ... where ...` of the one row that `apply` changes, by the saga's id in `$2` (text): locked and read by the statement that
   * locks the saga, after the saga. Its columns need names of their own: they come in one row with the saga's.
   */
  readonly subject?: string;
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly metrics?: Metrics;
  /** With one, a timer that fires is a span in the trace of the request that started the saga. */
  readonly tracer?: Tracer;
  readonly timers?: TimerOptions;
}

export interface EventMeta {
  /** Id of the event (the CloudEvent's): a repeat of it is recorded and changes nothing. */
  readonly id: string;
  /** The service that it came from; for the timeline. */
  readonly source?: string;
  /** The event's inbox row, to be written with the saga's lock (`ConsumerContext.carryInbox`). */
  readonly once?: OnceRow | undefined;
}

export interface HandleResult<T extends SagaTypes> {
  /** `unknown`: there is no such saga. Never an error: the caller's message is done either way. */
  readonly outcome: StepOutcome | "stale";
  readonly saga?: SagaInstance<T>;
}

export interface SagaEngine<T extends SagaTypes> extends SagaQueries<T> {
  readonly name: string;
  /** Starts the saga in the caller's transaction. A repeat with the same id changes nothing: `started` is false. */
  start(tx: Transaction, id: string, data: T["data"]): Promise<{ readonly started: boolean }>;
  /**
   * Locks the saga's row (FOR UPDATE) until the caller's transaction ends, and lets it react to the event. Call it before
   * touching rows that `apply` writes as well, so that everybody takes locks in one order.
   * @throws AppError unavailable `saga.newer_version`, internal `saga.unknown_state`, or whatever `apply` throws
   */
  lockAndHandle(tx: Transaction, id: string, event: T["event"], meta: EventMeta): Promise<HandleResult<T>>;
  /**
   * Writes one of the definition's `notes` into the history, by one statement that waits for nobody; inbox row and all, it needs no transaction. What
   * comes again without an inbox row is written again.
   */
  note(id: string, event: T["event"], meta: EventMeta): Promise<{ readonly outcome: StepOutcome }>;
  /** A person lets a parked saga try again. @throws AppError not_found `saga.not_found`, failed_precondition `saga.not_parked` */
  resume(id: string, by: string): Promise<SagaInstance<T>>;
  /** A person turns a running or parked saga round. @throws AppError not_found, failed_precondition `saga.not_abortable` */
  abort(id: string, reason: string, by: string): Promise<SagaInstance<T>>;
  /** Fires due timers. Start it in the worker binary; the API only starts sagas. */
  readonly timers: ContinuousWorker;
}

/** Runs the sagas of one definition on Postgres: every transition, its effects, its history and its timer in one commit. */
export const createSagaEngine = <T extends SagaTypes>(options: SagaEngineOptions<T>): SagaEngine<T> => {
  const { saga: definition, database, apply, clock = systemClock, log } = options;
  const { name } = definition;
  const store = makeStore(definition, options.subject);
  const count = makeSagaMetrics(options.metrics, name);

  const held = createHeldAdvances<T>(store.update);

  const settle = async (tx: Transaction, found: StoredSaga<T>, next: Advance<T>, eventId: string | undefined) => {
    held.hold(tx, found, next);
    const context = { saga: next.instance, eventId, subject: found.row };
    if (next.effects.length > 0) await apply(tx, next.effects, context);
    tx.afterCommit(() => {
      count.advanced(next);
      if (next.moved) timers.expect(next.instance.deadlineAt);
      const { id, status, reason } = next.instance;
      const fields = { saga: name, sagaId: id, outcome: next.outcome, at: positionOf(next.instance), reason };
      if (next.moved && status === "parked") log?.error(fields, "saga parked: a person must look");
      else log?.debug(fields, "saga advanced");
    });
  };

  const lockAndAdvance = async (
    tx: Transaction,
    id: string,
    input: SagaInput<T>,
    once?: OnceRow,
  ): Promise<HandleResult<T>> => {
    const found = held.find(tx, id) ?? (await store.lockById(tx, id, once));
    if (!found) return { outcome: "unknown" };
    const next = await inOrigin(found.origin, input, options.tracer, name, async () => {
      const result = advance(definition, found.instance, input, clock.now());
      const eventId = input.kind === "event" ? input.id : undefined;
      if (result.outcome !== "stale") await settle(tx, found, result, eventId);
      return result;
    });
    return { outcome: next.outcome, saga: next.instance };
  };

  const warnOfUnknown = (sagaId: string, { type }: T["event"], { id: eventId }: EventMeta) =>
    log?.warn({ saga: name, sagaId, eventType: type, eventId }, "event for an unknown saga");

  const byPerson = async (id: string, input: SagaInput<T>) => {
    const { saga } = await database.transact((tx) => lockAndAdvance(tx, id, input));
    if (!saga) throw new AppError("not_found", "saga.not_found", `There is no saga ${id} of ${name}`);
    return saga;
  };

  const timers = createTimerWorker({
    ...options.timers,
    name,
    database,
    clock,
    log,
    fire: (id, version) => database.transact((tx) => lockAndAdvance(tx, id, { kind: "timer", version })),
    park: (id, reason) => database.transact((tx) => lockAndAdvance(tx, id, { kind: "park", reason })),
  });
  const queries = makeSagaQueries(definition, database, clock);
  const { observe, ...looks } = queries;
  let unobserve: (() => void) | undefined;

  return {
    ...looks,
    name,
    timers: {
      ...timers.worker,
      start: async (signal) => {
        unobserve ??= observe(options.metrics);
        await timers.worker.start(signal);
      },
      stop: async () => {
        unobserve?.();
        await timers.worker.stop();
      },
    },
    async start(tx, id, data) {
      const first = begin(definition, id, data, clock.now());
      const origin = { traceparent: currentTraceparent(), correlationId: currentContext()?.correlationId };
      const started = await store.create(tx, first, origin);
      if (!started) return { started };
      if (first.effects.length > 0) await apply(tx, first.effects, { saga: first.instance });
      tx.afterCommit(() => {
        count.started();
        timers.expect(first.instance.deadlineAt);
      });
      return { started };
    },
    async lockAndHandle(tx, id, event, { once, ...meta }) {
      const result = await lockAndAdvance(tx, id, { kind: "event", ...meta, event }, once);
      if (result.outcome === "unknown") {
        await store.record(
          tx,
          id,
          [{ outcome: "unknown", eventType: event.type, eventId: meta.id, source: meta.source }],
          clock.now(),
        );
        tx.afterCommit(() => count.noted("unknown"));
        warnOfUnknown(id, event, meta);
      }
      return result;
    },
    async note(id, event, { id: eventId, source, once }) {
      const step = { eventType: event.type, eventId, source, outcome: "applied" } as const;
      const outcome = await store.note(database, id, step, clock.now(), once);
      count.noted(outcome);
      if (outcome === "unknown") warnOfUnknown(id, event, { id: eventId });
      return { outcome };
    },
    resume: (id, by) => byPerson(id, { kind: "resume", by }),
    abort: (id, reason, by) => byPerson(id, { kind: "abort", reason, by }),
  };
};

/** A timer or a person goes on in the trace of the request that started the saga; an event brings its own. */
const inOrigin = <R, T extends SagaTypes>(
  { traceparent, correlationId }: Origin,
  { kind }: SagaInput<T>,
  tracer: Tracer | undefined,
  name: string,
  work: () => Promise<R>,
): Promise<R> => {
  if (kind === "event") return work();
  const spanned = () => (tracer ? inSpan(tracer, `saga ${name} ${kind}`, {}, work) : work());
  return withTraceparent(traceparent, () => (correlationId ? runInContext({ correlationId }, spanned) : spanned()));
};
