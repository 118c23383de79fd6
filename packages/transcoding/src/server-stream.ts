import type { JsonValue } from "@bufbuild/protobuf";

export type StreamFormat = "ndjson" | "sse";

export const streamContentType: Readonly<Record<StreamFormat, string>> = {
  ndjson: "application/x-ndjson; charset=utf-8",
  sse: "text/event-stream; charset=utf-8",
};

/** `Accept: text/event-stream` asks for server-sent events, `application/x-ndjson` (or `jsonl`) for lines; else the default. */
export const chooseStreamFormat = (accept: string | null, fallback: StreamFormat): StreamFormat => {
  if (accept === null) return fallback;
  const sse = accept.indexOf("text/event-stream");
  const lines = accept.search(/application\/(x-ndjson|ndjson|jsonl|json-seq)/);
  if (sse >= 0 && (lines < 0 || sse < lines)) return "sse";
  return lines >= 0 ? "ndjson" : fallback;
};

const encoder = new TextEncoder();

export interface StreamItem {
  readonly kind: "item" | "error";
  readonly body: JsonValue;
}

/** Writes one JSON text a line, or one event each (`event: error` for a failure, `event: end` last, so that a browser can close). */
export async function* writeStream(items: AsyncIterable<StreamItem>, format: StreamFormat): AsyncGenerator<Uint8Array> {
  for await (const { kind, body } of items) {
    const json = JSON.stringify(body);
    if (format === "ndjson") yield encoder.encode(`${json}\n`);
    else yield encoder.encode(`${kind === "error" ? "event: error\n" : ""}data: ${json}\n\n`);
    if (kind === "error") return;
  }
  if (format === "sse") yield encoder.encode("event: end\ndata: {}\n\n");
}
