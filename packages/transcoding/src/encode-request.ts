import {
  clone,
  type DescField,
  type JsonValue,
  type Message,
  type Registry,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { httpBodyName, rawBodyOf } from "./http-body.ts";
import { parameterParser } from "./parameter.ts";
import { encodeSegment, encodeSegments } from "./percent.ts";
import type { PathVariable, Route } from "./route.ts";

export interface HttpCall {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer> | undefined;
}

const numberText = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

/** The text that `parameterParser` reads back; undefined when the field's type has none. */
const textOf = (field: DescField, value: unknown): string | undefined => {
  if (field.enum !== undefined) return field.enum.value[value as number]?.jsonName ?? String(value);
  if (field.message !== undefined) {
    const held = value as ReflectMessage;
    const inner = held.desc.fields[0];
    // Wrappers: their JSON may be a number or a boolean, the text is that of the value inside.
    const wrapped = /^google\.protobuf\.\w+Value$/.test(held.desc.typeName) && inner !== undefined;
    return wrapped ? textOf(inner, held.get(inner)) : String(toJson(held.desc, held.message));
  }
  if (field.scalar === ScalarType.BYTES) return base64Encode(value as Uint8Array);
  return typeof value === "number" ? numberText(value) : String(value);
};

const pathText = (root: ReflectMessage, { name, path, multi }: PathVariable, route: Route): string => {
  let at = root;
  for (const field of path.slice(0, -1)) at = at.get(field) as ReflectMessage;
  const leaf = path[path.length - 1] as DescField;
  const text = textOf(leaf, at.get(leaf)) ?? "";
  at.clear(leaf);
  if (text === "" && !(multi && route.template.segments.at(-1)?.kind === "rest")) {
    throw new TypeError(`field "${name}" is empty, but ${route.pathTemplate} needs it`);
  }
  return multi ? encodeSegments(text) : encodeSegment(text);
};

const buildPath = (root: ReflectMessage, route: Route): string => {
  const parts: string[] = [];
  const { segments, variables, verb } = route.template;
  for (let at = 0; at < segments.length; ) {
    const variable = route.variables.find(({ start }) => start === at);
    const segment = segments[at];
    if (variable !== undefined) {
      parts.push(pathText(root, variable, route));
      at = variable.end;
    } else {
      if (segment?.kind !== "literal") throw new TypeError(`${route.pathTemplate} has a wildcard that no field fills`);
      parts.push(encodeSegment(segment.text));
      at += 1;
    }
  }
  if (variables.length !== route.variables.length) throw new TypeError("route and template disagree");
  return `/${parts.join("/")}${verb === "" ? "" : `:${encodeSegment(verb)}`}`;
};

const addQuery = (into: string[], prefix: string, message: ReflectMessage): void => {
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    const name = `${prefix}${field.jsonName}`;
    const add = (value: unknown) => into.push(`${encodeSegments(name)}=${encodeSegment(textOf(field, value) ?? "")}`);
    if (parameterParser(field) !== undefined) {
      if (field.fieldKind === "list") for (const value of message.get(field)) add(value);
      else add(message.get(field));
    } else if (field.fieldKind === "message") {
      addQuery(into, `${name}.`, message.get(field));
    } else {
      throw new TypeError(`field "${name}" cannot be expressed in a query`);
    }
  }
};

const encodeJson = (value: JsonValue): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value));

/**
 * The HTTP request that a client sends for `message`: the inverse of what the transcoder reads.
 * An empty sub-message that would travel in the query leaves no trace there.
 * @throws TypeError when the route cannot express the message (an empty path field, a map in the query)
 */
export const encodeRequest = (
  route: Route,
  message: Message,
  options: { readonly registry?: Registry } = {},
): HttpCall => {
  const desc = route.method.input;
  const root = reflect(desc, clone(desc, message));
  const path = buildPath(root, route);
  const headers = new Headers();
  const query: string[] = [];
  let body: Uint8Array<ArrayBuffer> | undefined;
  if (route.body.kind === "message") {
    body = encodeJson(toJson(desc, root.message, options));
  } else if (route.body.kind === "field") {
    const { field } = route.body;
    if (field.message?.typeName === httpBodyName && field.fieldKind === "message") {
      const raw = rawBodyOf(root.get(field).message);
      headers.set("content-type", raw.contentType);
      body = new Uint8Array(raw.data);
    } else {
      const held = (toJson(desc, root.message, options) as Record<string, JsonValue>)[field.jsonName];
      if (held !== undefined) body = encodeJson(held);
    }
    root.clear(field);
  }
  if (route.body.kind !== "message") addQuery(query, "", root);
  if (body !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json");
  const method = route.httpMethod === "*" ? "POST" : route.httpMethod;
  return { method, url: query.length === 0 ? path : `${path}?${query.join("&")}`, headers, body };
};
