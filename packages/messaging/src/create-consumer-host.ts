import { createHash } from "node:crypto";
import type { Tracer } from "@opentelemetry/api";
import { topicOf } from "@tandem/contracts";
import { AppError } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { Logger, Metrics } from "@tandem/runtime";
import { buryEvent } from "./bury-event.ts";
import { createConsumerMetrics } from "./consumer-metrics.ts";
import type { BulkDelivery, Consumer, RetryPolicy } from "./define-consumer.ts";
import { describeFailure } from "./describe-failure.ts";
import type { IncomingEvent } from "./events.ts";
import { createEventHandler } from "./handle-event.ts";
import { findHandled } from "./inbox.ts";

export interface ConsumerHostOptions {
  readonly database: Database;
  readonly consumers: readonly Consumer[];
  /** `<context>-worker`; names the dead-letter topic. */
  readonly workerAppId: string;
  readonly log: Logger;
  readonly metrics?: Metrics;
  readonly tracer?: Tracer;
}

export interface Subscription {
  readonly topic: string;
  /** Undefined on the dead-letter topic itself. */
  readonly deadLetterTopic: string | undefined;
  /** Several events in one call: every consumer of the topic asks for it. */
  readonly bulk?: BulkDelivery | undefined;
}

/** ack: done or safely stored. retry: deliver again. drop: nobody here consumes that. */
export type Delivery = "ack" | "retry" | "drop";

export interface ConsumerHost {
  /** What the worker subscribes to: each consumed topic once, and the worker's own dead-letter topic. */
  readonly topics: readonly Subscription[];
  /** For the sidecar's resiliency policy and for display. */
  readonly consumers: readonly { readonly name: string; readonly topic: string; readonly retry: RetryPolicy }[];
  /** Hands an event to every consumer of its topic. Never rejects. */
  deliver(event: IncomingEvent, signal: AbortSignal): Promise<Delivery>;
  /** Hands an event to one consumer, for a replay. What goes wrong is stored in its dead letter. Never rejects. */
  redeliver(consumer: string, event: IncomingEvent, signal: AbortSignal): Promise<Delivery>;
  /** Takes no new events (they go back to the broker), lets those in flight finish. Idempotent. */
  drain(): Promise<void>;
}

/**
 * @throws TypeError for two consumers of one name
 */
export const createConsumerHost = (options: ConsumerHostOptions): ConsumerHost => {
  const { database, workerAppId, log } = options;
  const deadLetterTopic = `${workerAppId}.dead-letters`;
  const metrics = options.metrics && createConsumerMetrics(options.metrics);
  const handle = createEventHandler({ ...options, metrics });
  const byName = new Map(options.consumers.map((consumer) => [consumer.name, consumer]));
  if (byName.size < options.consumers.length) throw new TypeError("two consumers have the same name");
  const byTopic = Map.groupBy(options.consumers, ({ event }) => topicOf(event).name);
  const inFlight = new Set<Promise<Delivery>>();
  let draining = false;

  const consumersOf = ({ type, originalTopic = "" }: IncomingEvent): readonly Consumer[] => {
    const byType = options.consumers.filter(({ event }) => event.typeName === type);
    return byType.length > 0 ? byType : (byTopic.get(originalTopic) ?? []);
  };

  /** What the sidecar gave up on: kept for each consumer that has not handled it after all. */
  const receiveDead = async (event: IncomingEvent): Promise<Delivery> => {
    const names = consumersOf(event).map(({ name }) => name);
    const handled = await findHandled(database, names, event.id);
    const topic = event.originalTopic ?? event.topic;
    for (const consumer of names.length > 0 ? names : [`${workerAppId}.unknown`]) {
      if (handled.has(consumer)) continue;
      const failure = describeFailure(
        consumer,
        new AppError("unavailable", "event.retries_exhausted", "The sidecar gave up redelivering this event"),
      );
      await buryEvent(database, { consumer, event, topic, reason: "broker", failure, attempts: 1 });
      metrics?.deadLetters.inc({ consumer, reason: "broker" });
      log.error({ consumer, eventId: event.id, topic }, "the broker gave up on an event; it is a dead letter now");
    }
    return "ack";
  };

  const dispatch = async (event: IncomingEvent, signal: AbortSignal): Promise<Delivery> => {
    if (event.topic === deadLetterTopic) return receiveDead(event);
    const consumers = byTopic.get(event.topic);
    if (!consumers) {
      log.error({ topic: event.topic, eventId: event.id }, "no consumer for this topic");
      return "drop";
    }
    const [first] = consumers;
    if (first && consumers.length === 1) return handle(first, event, signal);
    const outcomes = await Promise.all(consumers.map((consumer) => handle(consumer, event, signal)));
    return outcomes.includes("retry") ? "retry" : "ack";
  };

  const track = async (work: () => Promise<Delivery>): Promise<Delivery> => {
    if (draining) return "retry";
    const running = work().catch((error: unknown): Delivery => {
      log.error({ err: error }, "an event could neither be handled nor stored; it will come again");
      return "retry";
    });
    inFlight.add(running);
    try {
      return await running;
    } finally {
      inFlight.delete(running);
    }
  };

  return {
    topics: [
      ...[...byTopic].map(([topic, consumers]) => ({ topic, deadLetterTopic, bulk: bulkOf(consumers) })),
      ...(byTopic.size > 0 ? [{ topic: deadLetterTopic, deadLetterTopic: undefined }] : []),
    ],
    consumers: options.consumers.map(({ name, event, retry }) => ({ name, topic: topicOf(event).name, retry })),
    deliver: (event, signal) => track(() => dispatch(withUsableId(event), signal)),
    redeliver: (name, event, signal) =>
      track(async () => {
        const consumer = byName.get(name);
        return consumer ? handle(consumer, event, signal, { replay: true }) : "drop";
      }),
    drain: async () => {
      draining = true;
      await Promise.all(inFlight);
    },
  };
};

/** What suits the most reluctant of them. */
const bulkOf = (consumers: readonly Consumer[]): BulkDelivery | undefined => {
  const asked = consumers.flatMap(({ bulk }) => bulk ?? []);
  if (asked.length < consumers.length) return undefined;
  return {
    maxMessages: Math.min(...asked.map(({ maxMessages }) => maxMessages)),
    maxAwaitMs: Math.min(...asked.map(({ maxAwaitMs }) => maxAwaitMs)),
  };
};

const MAX_ID_LENGTH = 255;

/** Without an id of its own an event is known by its content: garbage is stored once and each garbage apart. */
const withUsableId = (event: IncomingEvent): IncomingEvent => {
  if (event.id !== "" && event.id.length <= MAX_ID_LENGTH && !event.id.includes("\0")) return event;
  const digest = createHash("sha256").update(`${event.topic}\n${event.id}\n${event.data}`).digest("hex");
  return { ...event, id: `sha256:${digest}` };
};
