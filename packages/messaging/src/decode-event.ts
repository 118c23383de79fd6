import { type DescMessage, fromJsonString, type Message } from "@bufbuild/protobuf";
import { topicOf } from "@tandem/contracts";
import { AppError } from "@tandem/kernel";
import type { IncomingEvent } from "./events.ts";

export interface DecodedEvent {
  readonly message: Message;
  readonly subject: string;
  /** The publisher's version of the message is not the consumer's: read as far as it can be. */
  readonly foreignVersion: boolean;
}

/** Longer ids are not ids; and they are keys. */
const MAX_ID_LENGTH = 255;
const VERSIONED = /^(tandem\.[a-z0-9_.]+)\.v(\d+)\.(\w+)$/;

/**
 * Reads the payload of `event` as `schema`. Unknown fields are left out; a type of another version of the same message is
 * read as well as it can be, and so is a payload without a type of ours (`dapr publish`).
 * @throws AppError invalid_argument, never retryable: `event.id_invalid`, `event.type_mismatch`, `event.undecodable`,
 *   `event.subject_missing`
 */
export const decodeEvent = (schema: DescMessage, event: IncomingEvent): DecodedEvent => {
  if (event.id === "" || event.id.length > MAX_ID_LENGTH)
    throw invalid("event.id_invalid", `an event id has 1 to ${MAX_ID_LENGTH} characters`);
  const relation = relate(event.type, schema.typeName);
  if (relation === "other") throw invalid("event.type_mismatch", `${event.type} is not ${schema.typeName}`);
  let message: Message;
  try {
    message = fromJsonString(schema, event.data, { ignoreUnknownFields: true });
  } catch (cause) {
    throw invalid("event.undecodable", `the payload is no ${schema.typeName}: ${(cause as Error).message}`, cause);
  }
  const subject = topicOf(schema).aggregateIdOf(message);
  if (!subject) throw invalid("event.subject_missing", `the payload of ${schema.typeName} names no aggregate`);
  return { message, subject, foreignVersion: relation === "version" };
};

const invalid = (code: string, message: string, cause?: unknown) =>
  new AppError("invalid_argument", code, message, cause === undefined ? {} : { cause });

const relate = (type: string, expected: string): "same" | "version" | "other" | "untyped" => {
  if (type === expected) return "same";
  const [, namespace, , name] = VERSIONED.exec(type) ?? [];
  if (name === undefined) return "untyped";
  const [, ownNamespace, , ownName] = VERSIONED.exec(expected) ?? [];
  return namespace === ownNamespace && name === ownName ? "version" : "other";
};
