import { randomUUID } from "node:crypto";

/** A CloudEvent as it is kept: its attributes beside `data` (any JSON) or `data_base64`. */
export type CloudEvent = Record<string, unknown>;

export interface PublishedPayload {
  readonly data: Uint8Array;
  readonly contentType: string;
  /** `cloudevent.*` names override attributes; `ttlInSeconds` sets an expiration. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly pubsub: string;
  readonly topic: string;
  readonly appId: string;
  /** Of the publishing call, for events that bring none. */
  readonly traceparent?: string;
}

const OVERRIDES = ["id", "source", "type", "subject", "traceid", "traceparent", "tracestate"] as const;

/**
 * What daprd makes of a published payload: a CloudEvent is taken as it is (defaults filled in), raw JSON becomes `data`,
 * binary `data_base64`, anything else text. @throws SyntaxError when something claims to be a CloudEvent and is not JSON
 */
export const toCloudEvent = (payload: PublishedPayload): string => {
  const { data, contentType, metadata, pubsub, topic, appId, traceparent = "" } = payload;
  const text = new TextDecoder().decode(data);
  const time = new Date().toISOString();
  if (mediaType(contentType) === "application/cloudevents+json") {
    const event = JSON.parse(text) as CloudEvent;
    if (event === null || typeof event !== "object" || Array.isArray(event)) throw new SyntaxError("not an object");
    const trace = event["traceid"] === undefined ? { traceid: traceparent, traceparent } : {};
    const defaults = { id: randomUUID(), specversion: "1.0", source: "Dapr", type: "com.dapr.event.sent", time };
    return JSON.stringify({ ...defaults, ...event, ...trace, topic, pubsubname: pubsub, ...expiration(metadata) });
  }
  const overrides = overridesOf(metadata);
  const trace = overrides.traceparent ?? overrides.traceid ?? traceparent;
  const head = {
    id: randomUUID(),
    specversion: "1.0",
    source: appId,
    type: "com.dapr.event.sent",
    time,
    datacontenttype: contentType === "" ? "text/plain" : contentType,
    ...overrides,
    traceid: trace,
    traceparent: trace,
    topic,
    pubsubname: pubsub,
    ...expiration(metadata),
  };
  return JSON.stringify({ ...head, ...body(contentType, data, text) });
};

const body = (contentType: string, data: Uint8Array, text: string): CloudEvent => {
  if (isJson(contentType)) {
    try {
      return { data: JSON.parse(text) };
    } catch {
      return { data: text };
    }
  }
  return isBinary(contentType) ? { data_base64: Buffer.from(data).toString("base64") } : { data: text };
};

const overridesOf = (metadata: Readonly<Record<string, string>>) => {
  const found: Partial<Record<(typeof OVERRIDES)[number], string>> = {};
  for (const [key, value] of Object.entries(metadata)) {
    const name = OVERRIDES.find((override) => key.toLowerCase() === `cloudevent.${override}`);
    if (name !== undefined) found[name] = value;
  }
  return found;
};

const expiration = (metadata: Readonly<Record<string, string>>): CloudEvent => {
  const seconds = Number(metadata["ttlInSeconds"]);
  return seconds > 0 ? { expiration: new Date(Date.now() + seconds * 1000).toISOString() } : {};
};

export const hasExpired = (event: CloudEvent): boolean =>
  typeof event["expiration"] === "string" && Date.parse(event["expiration"]) < Date.now();

const NOT_EXTENSIONS = new Set(["id", "source", "datacontenttype", "type", "specversion", "data", "data_base64"]);

const textOf = (event: CloudEvent, name: string): string => {
  const value = event[name];
  return typeof value === "string" ? value : "";
};

/** The part that a single and a bulk delivery share. */
export const toDeliveredEvent = (event: CloudEvent) => ({
  id: textOf(event, "id"),
  source: textOf(event, "source"),
  type: textOf(event, "type"),
  specVersion: textOf(event, "specversion"),
  dataContentType: textOf(event, "datacontenttype"),
  data: dataOf(event),
  extensions: Object.fromEntries(Object.entries(event).filter(([name]) => !NOT_EXTENSIONS.has(name))) as Record<
    string,
    never
  >,
});

const dataOf = (event: CloudEvent): Uint8Array<ArrayBuffer> => {
  if (typeof event["data_base64"] === "string") return new Uint8Array(Buffer.from(event["data_base64"], "base64"));
  const { data } = event;
  if (data === undefined || data === null) return new Uint8Array();
  const contentType = textOf(event, "datacontenttype");
  if (isJson(contentType)) return new TextEncoder().encode(JSON.stringify(data));
  return new TextEncoder().encode(typeof data === "string" ? data : JSON.stringify(data));
};

const mediaType = (contentType: string): string => (contentType.split(";", 1)[0] ?? "").trim().toLowerCase();
const isJson = (contentType: string): boolean => /^application\/(json|[\w.-]+\+json)$/.test(mediaType(contentType));
const isBinary = (contentType: string): boolean => mediaType(contentType) === "application/octet-stream";
