import type { JsonObject } from "@bufbuild/protobuf";
import type { IncomingEvent } from "@tandem/messaging";
import { extensionOf, traceparentOf } from "./cloud-event.ts";

const decoder = new TextDecoder();

/** What a single delivery and an entry of a bulk delivery have in common. */
interface DeliveredEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly dataContentType: string;
  readonly data: Uint8Array;
  readonly topic: string;
  readonly pubsubName: string;
  readonly extensions?: JsonObject | undefined;
}

/**
 * @param header the call's own `traceparent`; the event's comes first, because the header of a bulk call belongs to no
 * entry and that of a single call to a span of the sidecar, which nobody may have recorded.
 */
export const toIncomingEvent = (delivered: DeliveredEvent, header?: string): IncomingEvent => {
  const { id, source, type, data, dataContentType, topic, pubsubName, extensions } = delivered;
  const time = new Date(extensionOf(extensions, "time") ?? Number.NaN);
  return {
    id,
    source,
    type,
    topic,
    pubsub: pubsubName,
    subject: extensionOf(extensions, "subject"),
    time: Number.isNaN(time.getTime()) ? undefined : time,
    data: decoder.decode(data),
    dataContentType,
    traceparent: traceparentOf(extensions) ?? header,
    correlationId: extensionOf(extensions, "correlationid"),
    // On a dead-letter topic this is the topic that the event was published to.
    originalTopic: extensionOf(extensions, "topic"),
  };
};
