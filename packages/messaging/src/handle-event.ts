import { setTimeout as sleep } from "node:timers/promises";
import { type Span, type Tracer, trace } from "@opentelemetry/api";
import { isAppError } from "@tandem/kernel";
import { failSpan, inSpan, runInContext, withTraceparent } from "@tandem/runtime";
import type { Delivery } from "./create-consumer-host.ts";
import { type DecodedEvent, decodeEvent } from "./decode-event.ts";
import type { Consumer, ConsumerContext } from "./define-consumer.ts";
import type { IncomingEvent } from "./events.ts";
import { handleOnce, type InboxOffer } from "./inbox.ts";
import { createTurns } from "./run-in-turn.ts";
import { createFailureSettler, type FailureOptions } from "./settle-failure.ts";
import { withDeadline } from "./with-deadline.ts";

export interface EventHandlerOptions extends FailureOptions {
  readonly tracer?: Tracer;
}

interface Arrival {
  readonly consumer: Consumer;
  readonly event: IncomingEvent;
  readonly signal: AbortSignal;
  readonly replay: boolean;
}

type Outcome = "handled" | "duplicate" | "retry" | "dead";

/** A lost race for a row is tried again here and now: through the broker it would cost the policy's pause. */
const CONFLICT_TRIES = 3;

/** One consumer, one event: decode, inbox and handler in one commit, settle what it throws. */
export const createEventHandler = (options: EventHandlerOptions) => {
  const { database, log, tracer, metrics } = options;
  const inTurn = createTurns();
  const failures = createFailureSettler(options);

  const handle = async ({ consumer, event }: Arrival, decoded: DecodedEvent, signal: AbortSignal) => {
    const contextWith = (inbox: InboxOffer): ConsumerContext => ({
      id: event.id,
      subject: decoded.subject,
      time: event.time,
      type: event.type,
      event,
      attempt: failures.triesOf(consumer, event) + 1,
      signal,
      carryInbox: inbox.carry,
      ignore: inbox.ignore,
      get log() {
        return log.child({ consumer: consumer.name, eventId: event.id });
      },
    });
    for (let tries = 1; ; tries += 1) {
      try {
        if (consumer.withoutInbox) {
          await consumer.handle(decoded.message, contextWith(NO_INBOX));
          return "handled";
        }
        return await handleOnce(database, consumer.name, event.id, (inbox) =>
          consumer.handle(decoded.message, contextWith(inbox)),
        );
      } catch (error) {
        if (tries >= CONFLICT_TRIES || signal.aborted || !isLostRace(error)) throw error;
        await sleep(5 * tries * (0.5 + Math.random()));
      }
    }
  };

  const run = async (arrival: Arrival, span: Span | undefined): Promise<Outcome> => {
    const { consumer, event, signal, replay } = arrival;
    let decoded: DecodedEvent;
    try {
      decoded = decodeEvent(consumer.event, event);
    } catch (error) {
      if (span) failSpan(span, error);
      return failures.bury(consumer, event, error, "undecodable");
    }
    if (decoded.foreignVersion) log.info({ consumer: consumer.name, type: event.type }, "an event of another version");
    let given: AbortSignal | undefined;
    try {
      const outcome = await inTurn(`${consumer.name} ${decoded.subject}`, () =>
        withDeadline(consumer.timeoutMs, [signal], (deadline) => {
          given = deadline;
          return handle(arrival, decoded, deadline);
        }),
      );
      await failures.forget(consumer, event);
      return outcome;
    } catch (error) {
      if (span) failSpan(span, error);
      const aborted = signal.aborted || given?.aborted === true;
      return await failures.settle(consumer, event, { error, aborted, replay });
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
      const outcome = await run({ consumer, event, signal, replay }, span);
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
    return outcome === "dead" && replay ? "drop" : "ack";
  };
};

const NO_INBOX: InboxOffer = {
  ignore: () => {},
  carry: () => {
    throw new TypeError("a consumer without an inbox has no row to carry");
  },
};

const isLostRace = (error: unknown): boolean => isAppError(error) && error.kind === "conflict" && error.retryable;

const spanOf = (consumer: Consumer, event: IncomingEvent) => ({
  kind: "consumer" as const,
  attributes: {
    "messaging.operation.type": "process",
    "messaging.destination.name": event.topic,
    "messaging.message.id": event.id,
    "messaging.consumer.group.name": consumer.name,
  },
});
