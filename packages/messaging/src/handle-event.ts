import { setTimeout as sleep } from "node:timers/promises";
import { type Span, type Tracer, trace } from "@opentelemetry/api";
import { topicOf } from "@tandem/contracts";
import { isAppError } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import { failSpan, inSpan, type Logger, runInContext, withTraceparent } from "@tandem/runtime";
import { buryEvent, countAttempt, forgetAttempts } from "./bury-event.ts";
import type { ConsumerMetrics } from "./consumer-metrics.ts";
import type { Delivery } from "./create-consumer-host.ts";
import type { DeadLetterReason } from "./dead-letter.ts";
import { type DecodedEvent, decodeEvent } from "./decode-event.ts";
import type { Consumer, ConsumerContext } from "./define-consumer.ts";
import { describeFailure } from "./describe-failure.ts";
import type { IncomingEvent } from "./events.ts";
import { handleOnce } from "./inbox.ts";
import { createTurns } from "./run-in-turn.ts";
import { withDeadline } from "./with-deadline.ts";

export interface EventHandlerOptions {
  readonly database: Database;
  readonly log: Logger;
  readonly tracer?: Tracer;
  readonly metrics: ConsumerMetrics | undefined;
}

type Outcome = "handled" | "duplicate" | "retry" | "dead";

/** A lost race for a row is tried again here and now: through the broker it would cost the policy's pause. */
const CONFLICT_TRIES = 3;
const MAX_REMEMBERED = 10_000;

/** One consumer, one event: decode, inbox and handler in one commit, judge what it throws. */
export const createEventHandler = ({ database, log, tracer, metrics }: EventHandlerOptions) => {
  const inTurn = createTurns();
  // Failed tries of what is being redelivered, for `attempt` and to clean up. The table is what counts.
  const failing = new Map<string, number>();

  const attemptHandle = async (
    consumer: Consumer,
    event: IncomingEvent,
    decoded: DecodedEvent,
    signal: AbortSignal,
  ) => {
    const context: ConsumerContext = {
      id: event.id,
      subject: decoded.subject,
      time: event.time,
      type: event.type,
      attempt: (failing.get(keyOf(consumer, event)) ?? 0) + 1,
      signal,
      get log() {
        return log.child({ consumer: consumer.name, eventId: event.id });
      },
    };
    for (let tries = 1; ; tries += 1) {
      try {
        return await handleOnce(database, consumer.name, event.id, () => consumer.handle(decoded.message, context));
      } catch (error) {
        if (
          tries >= CONFLICT_TRIES ||
          signal.aborted ||
          !isAppError(error) ||
          error.kind !== "conflict" ||
          !error.retryable
        )
          throw error;
        await sleep(5 * tries * (0.5 + Math.random()));
      }
    }
  };

  const bury = async (
    consumer: Consumer,
    event: IncomingEvent,
    error: unknown,
    reason: DeadLetterReason,
    attempts: number,
  ): Promise<Outcome> => {
    const failure = describeFailure(consumer.name, error);
    await buryEvent(database, {
      consumer: consumer.name,
      event,
      topic: topicOf(consumer.event).name,
      reason,
      failure,
      attempts,
    });
    failing.delete(keyOf(consumer, event));
    metrics?.deadLetters.inc({ consumer: consumer.name, reason });
    log.error(
      { err: error, consumer: consumer.name, eventId: event.id, topic: event.topic, reason, attempts },
      "an event cannot be handled; it is a dead letter now",
    );
    return "dead";
  };

  const judge = async (
    consumer: Consumer,
    event: IncomingEvent,
    error: unknown,
    aborted: boolean,
    replay: boolean,
  ): Promise<Outcome> => {
    // Cut short by a drain or a deadline: whatever the handler made of that, it says nothing about the event.
    const permanent = !aborted && isAppError(error) && !error.retryable;
    if (permanent) return bury(consumer, event, error, "permanent", 1);
    if (replay) return bury(consumer, event, error, "exhausted", 1);
    const attempts = await countAttempt(database, consumer.name, event.id, describeFailure(consumer.name, error));
    remember(keyOf(consumer, event), attempts);
    if (attempts >= consumer.retry.maxAttempts) return bury(consumer, event, error, "exhausted", attempts);
    log.warn(
      { err: error, consumer: consumer.name, eventId: event.id, topic: event.topic, attempts },
      "an event was not handled; it will come again",
    );
    return "retry";
  };

  const remember = (key: string, attempts: number): void => {
    failing.delete(key);
    failing.set(key, attempts);
    const [eldest] = failing.keys();
    if (failing.size > MAX_REMEMBERED && eldest !== undefined) failing.delete(eldest);
  };

  const run = async (
    consumer: Consumer,
    event: IncomingEvent,
    signal: AbortSignal,
    replay: boolean,
    span: Span | undefined,
  ): Promise<Outcome> => {
    let decoded: DecodedEvent;
    try {
      decoded = decodeEvent(consumer.event, event);
    } catch (error) {
      if (span) failSpan(span, error);
      return bury(consumer, event, error, "undecodable", 1);
    }
    if (decoded.foreignVersion) log.info({ consumer: consumer.name, type: event.type }, "an event of another version");
    let given: AbortSignal | undefined;
    try {
      return await inTurn(`${consumer.name} ${decoded.subject}`, () =>
        withDeadline(consumer.timeoutMs, [signal], (deadline) => {
          given = deadline;
          return attemptHandle(consumer, event, decoded, deadline);
        }),
      );
    } catch (error) {
      if (span) failSpan(span, error);
      return await judge(consumer, event, error, signal.aborted || given?.aborted === true, replay);
    }
  };

  return async (
    consumer: Consumer,
    event: IncomingEvent,
    signal: AbortSignal,
    { replay = false }: { readonly replay?: boolean } = {},
  ): Promise<Delivery> => {
    const startedAt = performance.now();
    const observe = async (span: Span | undefined): Promise<Outcome> => {
      const outcome = await run(consumer, event, signal, replay, span);
      span?.setAttribute("tandem.event.outcome", outcome);
      return outcome;
    };
    const outcome = await withTraceparent(event.traceparent, () =>
      runInContext({ correlationId: event.correlationId ?? event.id, signal }, () =>
        tracer
          ? inSpan(tracer, `handle ${event.topic}`, spanOf(consumer, event), observe)
          : observe(trace.getActiveSpan()),
      ),
    );
    metrics?.events.inc({ consumer: consumer.name, outcome });
    metrics?.seconds.observe({ consumer: consumer.name }, (performance.now() - startedAt) / 1_000);
    if (outcome === "retry") return "retry";
    const key = keyOf(consumer, event);
    if (outcome !== "dead" && failing.delete(key))
      await forgetAttempts(database, consumer.name, event.id).catch(() => {
        // The row is pruned by age.
      });
    return outcome === "dead" && replay ? "drop" : "ack";
  };
};

const keyOf = (consumer: Consumer, event: IncomingEvent): string => `${consumer.name} ${event.id}`;

const spanOf = (consumer: Consumer, event: IncomingEvent) => ({
  kind: "consumer" as const,
  attributes: {
    "messaging.operation.type": "process",
    "messaging.destination.name": event.topic,
    "messaging.message.id": event.id,
    "messaging.consumer.group.name": consumer.name,
  },
});
