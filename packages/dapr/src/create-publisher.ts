import { Code, ConnectError } from "@connectrpc/connect";
import { AppError } from "@tandem/kernel";
import type { EventPublisher, OutboxEvent, PublishOutcome } from "@tandem/messaging";
import { chunkEvents, type EncodedEvent } from "./chunk-events.ts";
import { CLOUD_EVENT_JSON, encodeCloudEvent } from "./cloud-event.ts";
import type { SidecarConnection } from "./connect-to-sidecar.ts";
import { runBounded } from "./run-bounded.ts";
import { isComponentMissing, toAppError } from "./to-app-error.ts";

export interface PublisherOptions {
  /** Events in one call: 1 to 1000, default 100 (Dapr publishes at most 100 of a call in parallel to brokers without bulk). */
  readonly maxBatch?: number;
  /** Bytes of events in one call: default 3 MiB. The sidecar refuses calls over 4 MiB unless told otherwise. */
  readonly maxBatchBytes?: number;
  /** Calls in flight: default 4. */
  readonly concurrency?: number;
  /** For one call: default 30000, the longest that an outbox relay gives it. The caller's signal may be shorter. */
  readonly timeoutMs?: number;
}

const DEFAULTS: Required<PublisherOptions> = {
  maxBatch: 100,
  maxBatchBytes: 3 * 1024 * 1024,
  concurrency: 4,
  timeoutMs: 30_000,
};

/**
 * Publishes outbox rows through Dapr's BulkPublishEvent: one call per topic and chunk, one structured CloudEvent per entry.
 * Never throws for an event's sake: each event gets its outcome. Order within a batch is not kept (Redis publishes in parallel).
 *
 * A call that fails as a whole says nothing about its entries, some may be out: all are reported as transient and go again
 * under the same CloudEvent id.
 */
export const createPublisher = (
  { client }: SidecarConnection,
  pubsubName: string,
  options: PublisherOptions = {},
): EventPublisher => {
  const { maxBatch, maxBatchBytes, concurrency, timeoutMs } = { ...DEFAULTS, ...options };

  const send = async (
    topic: string,
    chunk: readonly EncodedEvent[],
    signal: AbortSignal,
  ): Promise<PublishOutcome[]> => {
    const entries = chunk.map(({ event, bytes }) => ({
      entryId: event.id,
      event: bytes,
      contentType: CLOUD_EVENT_JSON,
      // Kafka keeps the order of an aggregate by it.
      metadata: { partitionKey: event.subject },
    }));
    try {
      const { failedEntries } = await client.bulkPublishEvent({ pubsubName, topic, entries }, { signal, timeoutMs });
      const errors = new Map(failedEntries.map(({ entryId, error }) => [entryId, error]));
      return chunk.map(({ event }) => {
        const error = errors.get(event.id);
        return error === undefined
          ? sent(event)
          : failed(event, new AppError("unavailable", "dapr.publish_failed", error));
      });
    } catch (error) {
      // One bad entry refuses the whole call: find it by sending each alone.
      if (chunk.length > 1 && isAboutTheContent(error)) {
        return (await Promise.all(chunk.map((one) => send(topic, [one], signal)))).flat();
      }
      const failure = toAppError(error, "publish");
      return chunk.map(({ event }) => failed(event, failure));
    }
  };

  return {
    publish: async (batch, signal) => {
      const outcomes: PublishOutcome[] = [];
      const encoded: EncodedEvent[] = [];
      for (const event of batch) {
        const bytes = encodeCloudEvent(attributesOf(event), event.data);
        if (bytes.length > maxBatchBytes) outcomes.push(failed(event, tooLarge(event, bytes.length, maxBatchBytes)));
        else encoded.push({ event, bytes });
      }
      const calls = chunkEvents(encoded, maxBatch, maxBatchBytes);
      await runBounded(calls, concurrency, async ({ topic, chunk }) => {
        outcomes.push(...(await send(topic, chunk, signal)));
      });
      return outcomes;
    },
  };
};

const attributesOf = (event: OutboxEvent) => ({
  id: event.id,
  type: event.type,
  source: event.source,
  subject: event.subject,
  time: event.time,
  traceparent: event.traceparent,
  correlationId: event.correlationId,
});

const isAboutTheContent = (error: unknown): boolean => {
  const refusal = ConnectError.from(error);
  const { code } = refusal;
  if (!refusal.isWireError || isComponentMissing(refusal)) return false;
  return code === Code.InvalidArgument || code === Code.ResourceExhausted;
};

const tooLarge = ({ id, topic }: OutboxEvent, size: number, limit: number): AppError =>
  new AppError("invalid_argument", "dapr.event_too_large", `event ${id} of ${topic}: ${size} bytes, limit ${limit}`);

const sent = ({ id }: OutboxEvent): PublishOutcome => ({ id, status: "sent" });

/** Permanent is what the same call will never change: a topic that is not ours, a content that is not accepted. Never a call that we gave up. */
const failed = ({ id }: OutboxEvent, error: AppError): PublishOutcome => ({
  id,
  status: "failed",
  kind: error.retryable || error.kind === "cancelled" ? "transient" : "permanent",
  error,
});
