/** Something that an event names: `{ kind: "order", id }`. */
export interface Reference {
  readonly kind: string;
  readonly id: string;
}

/** One event of any service, as the timeline keeps it. */
export interface TimelineEvent {
  readonly eventId: string;
  readonly topic: string;
  /** With its version: `tandem.order.v1.OrderCreated`. */
  readonly type: string;
  /** Who published it. */
  readonly source: string;
  /** The aggregate's id. */
  readonly subject: string;
  readonly aggregateVersion: bigint;
  /** By the publisher's clock. */
  readonly occurredAt: Date;
  readonly receivedAt: Date;
  /** Empty when the event came without a trace. */
  readonly traceId: string;
  readonly correlationId: string;
  /** Published in a version of the message that this build does not know. */
  readonly foreignVersion: boolean;
  /** Masked; empty when nobody asked for it. */
  readonly payload: JsonObject | undefined;
  readonly references: readonly Reference[];
}

export type JsonValue = string | number | boolean | null | JsonObject | readonly JsonValue[];
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** An event names at most so many things that it is found by; more of them would make one event cost a thousand rows. */
export const MAX_REFERENCES = 300;
const MAX_ID_LENGTH = 128;
const MAX_DEPTH = 32;

/** Ids that lead nowhere: they have fields of their own, or are numbers inside of their parent. */
const NOT_REFERENCES = new Set(["trace", "correlation", "line", "provider-message", "idempotency", "token"]);

const kindOf = (key: string): string | undefined => {
  const [, stem] = /^(.+?)(?:Ids?|_ids?)$/.exec(key) ?? [];
  const kind = stem?.replaceAll("_", "-").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return kind && /^[a-z][a-z-]{0,39}$/.test(kind) && !NOT_REFERENCES.has(kind) ? kind : undefined;
};

/** Everything that a payload names by a field `…Id` or `…Ids`, wherever it stands, each once, in the order of appearance. */
export const referencesIn = (payload: JsonValue): readonly Reference[] => {
  const found = new Map<string, Reference>();
  const take = (kind: string, id: JsonValue): void => {
    if (typeof id !== "string" || id === "" || id.length > MAX_ID_LENGTH || found.size >= MAX_REFERENCES) return;
    found.set(`${kind} ${id}`, { kind, id });
  };
  const visit = (value: JsonValue, depth: number): void => {
    if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return;
    if (Array.isArray(value)) {
      for (const item of value) visit(item, depth + 1);
      return;
    }
    for (const [key, item] of Object.entries(value as JsonObject)) {
      const kind = kindOf(key);
      if (kind === undefined) visit(item, depth + 1);
      else if (Array.isArray(item)) for (const id of item) take(kind, id);
      else take(kind, item);
    }
  };
  visit(payload, 0);
  return [...found.values()];
};
