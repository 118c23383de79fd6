import { randomUUID } from "node:crypto";
import type { NewMessage } from "./hand-over-messages.ts";
import type { Component } from "./load-components.ts";
import type { ApiStateWrite } from "./sidecar-api.ts";

export interface OutboxSplit {
  readonly stored: readonly ApiStateWrite[];
  readonly published: readonly NewMessage[];
}

/**
 * Dapr's transactional outbox, with the difference that here the event is part of the transaction itself: every stored item is
 * published, its projection in its place if the transaction has one. The metadata of the stored item become attributes of the
 * CloudEvent, as in daprd.
 */
export const toOutboxMessages = (
  { metadata }: Component,
  appId: string,
  writes: readonly ApiStateWrite[],
): OutboxSplit => {
  const { outboxPublishPubsub: pubsub, outboxPublishTopic: topic } = metadata;
  if (!pubsub || !topic) return { stored: writes, published: [] };
  const projections = new Map(writes.filter(isProjection).map((write) => [write.key, write]));
  const stored = writes.filter((write) => !isProjection(write));
  const published = stored.flatMap((write) => {
    const payload = projections.get(write.key) ?? write;
    if (write.value === undefined || payload.value === undefined) return [];
    const contentType = payload.metadata["contentType"] ?? "text/plain";
    const text = new TextDecoder().decode(payload.value);
    const { id: _id, data: _data, ...attributes } = write.metadata;
    const event = {
      id: `outbox-${randomUUID()}`,
      specversion: "1.0",
      source: appId,
      type: "com.dapr.event.sent",
      time: new Date().toISOString(),
      datacontenttype: contentType,
      traceid: "",
      traceparent: "",
      data: contentType === "application/json" ? parse(text) : text,
      ...attributes,
      topic,
      pubsubname: pubsub,
    };
    return [{ pubsub, topic, event: JSON.stringify(event) }];
  });
  return { stored, published };
};

const isProjection = ({ metadata }: ApiStateWrite): boolean => metadata["outbox.projection"] === "true";

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
