import { Code, ConnectError } from "@connectrpc/connect";
import type { ConsumerHost, IncomingEvent } from "@tandem/messaging";
import type { Health, Logger } from "@tandem/runtime";
import type { BulkSubscribeOptions } from "./create-app-callback-server.ts";
import {
  type AppCallback,
  TopicEventResponse_TopicEventResponseStatus as Status,
  type TopicEventBulkRequest,
  type TopicEventBulkRequestEntry,
} from "./gen/dapr/proto/runtime/v1/appcallback_pb.ts";
import { limitConcurrency } from "./limit-concurrency.ts";
import { toIncomingEvent } from "./to-incoming-event.ts";
import type { InFlight } from "./track-in-flight.ts";
import type { RequestHeader, UnaryAnswers } from "./unary-grpc/methods.ts";

export interface TopicAnswers {
  readonly consumers: ConsumerHost;
  readonly pubsub: string;
  readonly bulk?: BulkSubscribeOptions;
  readonly concurrency: number;
  readonly log: Logger;
  readonly inFlight: InFlight;
  readonly verify: (header: RequestHeader) => void;
}

const STATUS = { ack: Status.SUCCESS, retry: Status.RETRY, drop: Status.DROP } as const;

export const answerTopics = (options: TopicAnswers) => {
  const { consumers, pubsub, bulk, log, inFlight, verify } = options;
  const limit = limitConcurrency(options.concurrency);

  const handle = (event: IncomingEvent, signal: AbortSignal): Promise<Status> =>
    inFlight.run(() =>
      limit(async () => {
        // Looked at when its turn comes, so that a queue does not keep a draining worker alive.
        if (inFlight.refusing) return Status.RETRY;
        try {
          return STATUS[await consumers.deliver(event, signal)];
        } catch (error) {
          log.error({ err: error, topic: event.topic, eventId: event.id }, "delivery failed");
          return Status.RETRY;
        }
      }),
    );

  const handleEntry = async (
    request: TopicEventBulkRequest,
    entry: TopicEventBulkRequestEntry,
    signal: AbortSignal,
  ) => {
    const { case: kind, value } = entry.event;
    if (kind !== "cloudEvent") {
      // Only raw-payload subscriptions bring bare bytes, and we make none.
      log.error({ topic: request.topic, entryId: entry.entryId }, "bulk entry is not a CloudEvent");
      return { entryId: entry.entryId, status: Status.DROP };
    }
    const event = toIncomingEvent({ ...value, topic: request.topic, pubsubName: request.pubsubName });
    return { entryId: entry.entryId, status: await handle(event, signal) };
  };

  const callbacks = {
    listTopicSubscriptions: () => ({
      subscriptions: consumers.topics.map(({ topic, deadLetterTopic, bulk: own = bulk }) => ({
        pubsubName: pubsub,
        topic,
        // A dead letter that cannot be stored goes round again: there is no other place where it would not be lost.
        deadLetterTopic: deadLetterTopic ?? topic,
        ...(own === undefined ? {} : { bulkSubscribe: toBulkConfig(own) }),
      })),
    }),

    onTopicEvent: async (request, { requestHeader, signal }) => {
      verify(requestHeader);
      const event = toIncomingEvent(request, requestHeader.get("traceparent") ?? undefined);
      return { status: await handle(event, signal) };
    },

    onBulkTopicEvent: async (request, { requestHeader, signal }) => {
      verify(requestHeader);
      return { statuses: await Promise.all(request.entries.map((entry) => handleEntry(request, entry, signal))) };
    },
  } satisfies UnaryAnswers<typeof AppCallback>;

  return { callbacks, checkHealth: (health: Health) => checkHealth(health, inFlight) };
};

/** Not ready (starting, draining, database away): the sidecar holds messages back in place of burning their attempts. */
const checkHealth = async (health: Health, inFlight: InFlight) => {
  if (inFlight.refusing) throw new ConnectError("draining", Code.Unavailable);
  const { ok, checks } = await health.ready();
  if (!ok) {
    const failing = Object.entries(checks).filter(([, check]) => !check.ok);
    throw new ConnectError(`not ready: ${failing.map(([name]) => name).join(", ") || "not serving"}`, Code.Unavailable);
  }
  return {};
};

const toBulkConfig = ({ maxMessages, maxAwaitMs }: BulkSubscribeOptions) => ({
  enabled: true,
  maxMessagesCount: maxMessages,
  maxAwaitDurationMs: maxAwaitMs,
});
