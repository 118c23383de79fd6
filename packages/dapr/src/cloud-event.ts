/** What a CloudEvent says beside its data. */
export interface CloudEventAttributes {
  readonly id: string;
  readonly type: string;
  /** Who published: the app id. */
  readonly source: string;
  /** The aggregate's id. */
  readonly subject: string;
  /** When it happened. */
  readonly time: Date;
  readonly traceparent?: string | undefined;
  readonly correlationId?: string | undefined;
}

/** The content type with which Dapr takes an event as it is, in place of wrapping the payload into an event of its own. */
export const CLOUD_EVENT_JSON = "application/cloudevents+json";

/**
 * A structured CloudEvent around `data`, which is JSON already and is not parsed again.
 *
 * Dapr's `cloudevent.*` metadata knows seven attributes (id, type, source, subject, traceparent, traceid, tracestate); it drops
 * extensions and stamps `time` with the moment of publishing, in whole seconds. A structured event keeps all of it.
 * `traceid` is there because Dapr overwrites both trace fields when it is missing.
 */
export const encodeCloudEvent = (attributes: CloudEventAttributes, data: string): Uint8Array<ArrayBuffer> => {
  const { id, type, source, subject, time, traceparent = "", correlationId } = attributes;
  const head = JSON.stringify({
    specversion: "1.0",
    id,
    type,
    source,
    subject,
    time: time.toISOString(),
    datacontenttype: "application/json",
    traceid: traceparent,
    traceparent,
    ...(correlationId === undefined ? {} : { correlationid: correlationId }),
  });
  return new TextEncoder().encode(`${head.slice(0, -1)},"data":${data}}`);
};

const ALL_ZEROS = /^00-0{32}-/;

/** The trace context of a delivered event; Dapr says "none" with an empty or an all-zero value. */
export const traceparentOf = (extensions: Readonly<Record<string, unknown>> | undefined): string | undefined => {
  const value = extensions?.["traceparent"] ?? extensions?.["traceid"];
  return typeof value === "string" && value !== "" && !ALL_ZEROS.test(value) ? value : undefined;
};

/** A text extension of a delivered event. */
export const extensionOf = (
  extensions: Readonly<Record<string, unknown>> | undefined,
  name: string,
): string | undefined => {
  const value = extensions?.[name];
  return typeof value === "string" && value !== "" ? value : undefined;
};
