import {
  create,
  type DescField,
  type DescMessage,
  type JsonValue,
  type Message,
  mergeFromJsonString,
  type Registry,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { announcesBody, type BodySource, readBody, requireIdentity, requireJson, textOf } from "./body.ts";
import { applyQuery } from "./decode-query.ts";
import { invalidField, RequestFault, unknownField } from "./fault.ts";
import { reachParent } from "./field-path.ts";
import { httpBodyName, setHttpBody } from "./http-body.ts";
import { findJsonFault } from "./json-fault.ts";
import { findJsonProblem, placeOf } from "./json-syntax.ts";
import { parameterParser } from "./parameter.ts";
import { decodeSegment, decodeSegments } from "./percent.ts";
import type { PathVariable, Route } from "./route.ts";

export interface DecodeOptions {
  readonly ignoreUnknownFields: boolean;
  readonly ignoredQueryParameters: ReadonlySet<string>;
  readonly maxBodyBytes: number;
  readonly registry: Registry | undefined;
}

export interface EncodedRequest {
  readonly captures: readonly string[];
  /** Raw, without "?". */
  readonly query: string;
  readonly headers: Headers;
  readonly body: BodySource;
}

/** Tells apart malformed JSON, a key given twice and a value that does not fit. Only on the way to an error. */
const explain = (
  desc: DescMessage,
  text: string,
  wrap: (json: JsonValue) => JsonValue,
  options: DecodeOptions,
  error: unknown,
): RequestFault => {
  const problem = findJsonProblem(text);
  if (problem !== undefined) {
    const message = `the body is not valid JSON: ${problem.message} at ${placeOf(text, problem.position)}`;
    const violations =
      problem.duplicateKey === undefined ? [] : [{ field: problem.duplicateKey, description: "given twice" }];
    return new RequestFault("malformed_json", message, violations);
  }
  const fault = findJsonFault(desc, wrap(JSON.parse(text)), options);
  if (fault === undefined)
    return new RequestFault("invalid_field", error instanceof Error ? error.message : String(error));
  if (fault.unknown) return unknownField(fault.field, fault.description);
  if (fault.field !== "") return invalidField(fault.field, fault.description);
  return new RequestFault("invalid_field", `the body: ${fault.description}`, [fault]);
};

const readJson = (
  message: Message,
  desc: DescMessage,
  field: DescField | undefined,
  text: string,
  options: DecodeOptions,
): void => {
  const { ignoreUnknownFields, registry } = options;
  const decoding = { ignoreUnknownFields, ...(registry && { registry }) };
  // A body that is one field is read as the object that holds it: the decoder then takes lists, enums and scalars as well.
  const wrap = (json: JsonValue): JsonValue => (field === undefined ? json : { [field.jsonName]: json });
  try {
    if (field === undefined) {
      mergeFromJsonString(desc, message, text, decoding);
    } else {
      // The text must be sound by itself before it is put into another: `1, "other_field": 2` is not.
      JSON.parse(text);
      mergeFromJsonString(desc, message, `{${JSON.stringify(field.jsonName)}:${text}}`, decoding);
    }
  } catch (error) {
    throw explain(desc, text, wrap, options, error);
  }
};

const applyBody = async (
  target: ReflectMessage,
  route: Route,
  request: EncodedRequest,
  options: DecodeOptions,
): Promise<void> => {
  const { headers, body } = request;
  if (route.body.kind === "none") {
    if (!options.ignoreUnknownFields && announcesBody(headers, body)) {
      throw new RequestFault("body_unexpected", `${route.httpMethod} ${route.pathTemplate} takes no body`);
    }
    return;
  }
  requireIdentity(headers);
  const field = route.body.kind === "field" ? route.body.field : undefined;
  const bodyType = field === undefined ? target.desc : field.fieldKind === "message" ? field.message : undefined;
  if (bodyType?.typeName === httpBodyName) {
    const holder = field === undefined ? target : reflect(bodyType);
    setHttpBody(holder, headers.get("content-type") ?? "", await readBody(headers, body, options.maxBodyBytes));
    if (field !== undefined) target.set(field, holder);
    return;
  }
  if (announcesBody(headers, body)) requireJson(headers);
  const text = textOf(await readBody(headers, body, options.maxBodyBytes));
  if (text.trim() === "") return;
  requireJson(headers);
  readJson(target.message, target.desc, field, text, options);
};

const parsePathValue = (variable: PathVariable, raw: string): unknown => {
  const text = variable.multi ? decodeSegments(raw) : decodeSegment(raw);
  const leaf = variable.path[variable.path.length - 1] as DescField;
  try {
    return parameterParser(leaf)?.(text);
  } catch (error) {
    throw invalidField(variable.name, error instanceof Error ? error.message : String(error));
  }
};

const same = (a: unknown, b: unknown): boolean =>
  a === b || JSON.stringify(a, jsonable) === JSON.stringify(b, jsonable);
const jsonable = (_key: string, value: unknown) => (typeof value === "bigint" ? `${value}n` : value);
const plain = (value: unknown) =>
  value !== null && typeof value === "object" && "message" in value ? value.message : value;

/** Sets what the path says. The body may repeat it, but must not contradict it: a mismatch is a mistake that silence would hide. */
const applyPath = (target: ReflectMessage, route: Route, captures: readonly string[]): void => {
  for (const [index, variable] of route.variables.entries()) {
    const value = parsePathValue(variable, captures[index] ?? "");
    const leaf = variable.path[variable.path.length - 1] as DescField;
    const parent = reachParent(target, variable.path, variable.name);
    if (parent.isSet(leaf) && !same(plain(parent.get(leaf)), plain(value))) {
      throw invalidField(variable.name, "the body says otherwise than the path");
    }
    parent.set(leaf, value);
  }
};

/**
 * The request message of an HTTP request: body first, then query, then path.
 * @throws RequestFault
 */
export const decodeRequest = async (
  route: Route,
  request: EncodedRequest,
  options: DecodeOptions,
): Promise<Message> => {
  const message = create(route.method.input);
  const target = reflect(route.method.input, message);
  await applyBody(target, route, request, options);
  applyQuery(target, route, request.query, options);
  applyPath(target, route, request.captures);
  return message;
};
