import { create, type JsonValue, type JsonWriteOptions, type Message, toJson } from "@bufbuild/protobuf";
import { httpBodyName, type RawBody, rawBodyOf } from "./http-body.ts";
import type { Route } from "./route.ts";

/** The JSON of the response message, or of its one field that `response_body` names. */
export const messageToJson = (route: Route, message: Message, options: Partial<JsonWriteOptions>): JsonValue => {
  const { responseField: field, method } = route;
  const whole = toJson(method.output, message, options);
  if (field === undefined) return whole;
  const key = options.useProtoFieldName ? field.name : field.jsonName;
  const held = (whole as Record<string, JsonValue>)[key];
  if (held !== undefined) return held;
  // Left out as it is zero: a body must be something all the same ([], {}, 0, ""; null for a message).
  const zeros = toJson(method.output, create(method.output), { ...options, alwaysEmitImplicit: true });
  return (zeros as Record<string, JsonValue>)[key] ?? null;
};

/** Is the response (or its one field) a google.api.HttpBody, whose bytes go out as they are? */
export const sendsRaw = ({ responseField: field, method }: Route): boolean =>
  field === undefined
    ? method.output.typeName === httpBodyName
    : field.message?.typeName === httpBodyName && field.fieldKind === "message";

export const rawResponse = ({ responseField: field }: Route, message: Message): RawBody => {
  if (field === undefined) return rawBodyOf(message);
  const held = (message as Message & Record<string, unknown>)[field.localName];
  return rawBodyOf((held ?? {}) as Message);
};
