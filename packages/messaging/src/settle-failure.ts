import { topicOf } from "@tandem/contracts";
import { isAppError } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { Logger } from "@tandem/runtime";
import { buryEvent, countAttempt, forgetAttempts } from "./bury-event.ts";
import type { ConsumerMetrics } from "./consumer-metrics.ts";
import type { DeadLetterReason } from "./dead-letter.ts";
import type { Consumer } from "./define-consumer.ts";
import { describeFailure } from "./describe-failure.ts";
import type { IncomingEvent } from "./events.ts";

export interface FailureOptions {
  readonly database: Database;
  readonly log: Logger;
  readonly metrics: ConsumerMetrics | undefined;
}

export interface FailedTry {
  readonly error: unknown;
  /** Cut short by a drain or a deadline: whatever the handler made of that, it says nothing about the event. */
  readonly aborted: boolean;
  /** Asked for by a person: there is nobody to bring it again. */
  readonly replay: boolean;
}

const MAX_REMEMBERED = 10_000;

/** What becomes of events that a consumer could not handle. */
export const createFailureSettler = ({ database, log, metrics }: FailureOptions) => {
  // Of what is being redelivered, for the try's number and to clean up. The table is what counts.
  const failing = new Map<string, number>();

  const remember = (key: string, attempts: number): void => {
    failing.delete(key);
    failing.set(key, attempts);
    const [eldest] = failing.keys();
    if (failing.size > MAX_REMEMBERED && eldest !== undefined) failing.delete(eldest);
  };

  /** @throws when it cannot be stored: then the event must come again */
  const bury = async (
    consumer: Consumer,
    event: IncomingEvent,
    error: unknown,
    reason: DeadLetterReason,
    attempts = 1,
  ): Promise<"dead"> => {
    const { name } = consumer;
    const failure = describeFailure(name, error);
    await buryEvent(database, {
      consumer: name,
      event,
      topic: topicOf(consumer.event).name,
      reason,
      failure,
      attempts,
    });
    failing.delete(keyOf(consumer, event));
    metrics?.deadLetters.inc({ consumer: name, reason });
    log.error(
      { err: error, consumer: name, eventId: event.id, topic: event.topic, reason, attempts },
      "an event cannot be handled; it is a dead letter now",
    );
    return "dead";
  };

  return {
    bury,
    triesOf: (consumer: Consumer, event: IncomingEvent): number => failing.get(keyOf(consumer, event)) ?? 0,

    settle: async (
      consumer: Consumer,
      event: IncomingEvent,
      { error, aborted, replay }: FailedTry,
    ): Promise<"retry" | "dead"> => {
      if (!aborted && isAppError(error) && !error.retryable) return bury(consumer, event, error, "permanent");
      if (replay) return bury(consumer, event, error, "exhausted");
      const attempts = await countAttempt(database, consumer.name, event.id, describeFailure(consumer.name, error));
      remember(keyOf(consumer, event), attempts);
      if (attempts >= consumer.retry.maxAttempts) return bury(consumer, event, error, "exhausted", attempts);
      log.warn(
        { err: error, consumer: consumer.name, eventId: event.id, topic: event.topic, attempts },
        "an event was not handled; it will come again",
      );
      return "retry";
    },

    /** It has passed after all. */
    forget: async (consumer: Consumer, event: IncomingEvent): Promise<void> => {
      if (!failing.delete(keyOf(consumer, event))) return;
      await forgetAttempts(database, consumer.name, event.id).catch(() => {
        // The row is pruned by age.
      });
    },
  };
};

const keyOf = (consumer: Consumer, event: IncomingEvent): string => `${consumer.name} ${event.id}`;
