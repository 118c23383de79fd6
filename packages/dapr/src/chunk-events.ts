import type { OutboxEvent } from "@tandem/messaging";

export interface EncodedEvent {
  readonly event: OutboxEvent;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface Chunk {
  readonly topic: string;
  readonly chunk: readonly EncodedEvent[];
}

/** Splits by topic, then so that no chunk holds more than `maxCount` events or `maxBytes`; keeps the order within a topic. */
export const chunkEvents = (events: readonly EncodedEvent[], maxCount: number, maxBytes: number): Chunk[] => {
  const chunks: Chunk[] = [];
  for (const [topic, ofTopic] of Map.groupBy(events, ({ event }) => event.topic)) {
    let chunk: EncodedEvent[] = [];
    let size = 0;
    for (const encoded of ofTopic) {
      if (chunk.length > 0 && (chunk.length >= maxCount || size + encoded.bytes.length > maxBytes)) {
        chunks.push({ topic, chunk });
        chunk = [];
        size = 0;
      }
      chunk.push(encoded);
      size += encoded.bytes.length;
    }
    if (chunk.length > 0) chunks.push({ topic, chunk });
  }
  return chunks;
};
