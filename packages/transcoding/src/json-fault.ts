import { type DescField, type DescMessage, fromJson, type JsonValue, type Registry } from "@bufbuild/protobuf";
import { fieldsByName } from "./field-path.ts";
import { sayFields } from "./say-alternatives.ts";

/** Where proto JSON does not fit its message. */
export interface JsonFault {
  /** As the caller wrote it, from the body's root: `lines[2].quantity`. */
  readonly field: string;
  readonly description: string;
  readonly unknown: boolean;
}

/** Types whose JSON is not an object of their fields. */
const special = new Set(
  [
    "Any,Timestamp,Duration,FieldMask,Struct,Value,ListValue",
    "DoubleValue,FloatValue,Int64Value,UInt64Value,Int32Value,UInt32Value,BoolValue,StringValue,BytesValue",
  ].flatMap((names) => names.split(",").map((name) => `google.protobuf.${name}`)),
);

const kindOf = (json: JsonValue): string =>
  json === null ? "null" : Array.isArray(json) ? "an array" : `a${typeof json === "object" ? "n" : ""} ${typeof json}`;

/** protobuf-es says "cannot decode field a.b.C.d from JSON: list item #1: expected string, got 1": keep what a caller can use. */
const describe = (error: unknown): string => {
  const text = error instanceof Error ? error.message : String(error);
  const plain = text
    .replace(/^cannot decode (\S+ )?\S+ from JSON: /, "")
    .replace(/^list item #\d+: |^map entry (?:"(?:[^"\\]|\\.)*"|\S+): /, "")
    .replace(/\bArray\b/, "an array")
    .replace("expected bigint (", "expected integer (");
  return text.startsWith("cannot decode enum") ? `no such value: ${plain}` : plain.slice(0, 300);
};

const maxDepth = 100;

/**
 * Finds the first place where `json` is no `desc`, or undefined. Slow and only for errors: it decodes each leaf on its own, since the
 * decoder names the field but not the way to it.
 */
export const findJsonFault = (
  desc: DescMessage,
  json: JsonValue,
  options: { readonly ignoreUnknownFields: boolean; readonly registry: Registry | undefined },
  field = "",
  depth = 0,
): JsonFault | undefined => {
  const { ignoreUnknownFields, registry } = options;
  const fault = (at: string, description: string, unknown = false): JsonFault => ({ field: at, description, unknown });
  const tryDecode = (at: string, value: JsonValue): JsonFault | undefined => {
    try {
      fromJson(desc, value, { ignoreUnknownFields, ...(registry && { registry }) });
      return undefined;
    } catch (error) {
      return fault(at, describe(error));
    }
  };
  if (depth > maxDepth) return fault(field, `nested deeper than ${maxDepth} levels`);
  if (special.has(desc.typeName)) return tryDecode(field, json);
  if (json === null || typeof json !== "object" || Array.isArray(json)) {
    return fault(field, `expected an object, got ${kindOf(json)}`);
  }

  const inside = (
    at: string,
    known: DescField,
    value: JsonValue,
    wrap: (value: JsonValue) => JsonValue,
  ): JsonFault | undefined =>
    known.message !== undefined && !special.has(known.message.typeName)
      ? findJsonFault(known.message, value, options, at, depth + 1)
      : tryDecode(at, { [known.jsonName]: wrap(value) });

  const known = fieldsByName(desc);
  for (const [key, value] of Object.entries(json)) {
    const at = field === "" ? key : `${field}.${key}`;
    const one = known.get(key);
    if (one === undefined) {
      if (ignoreUnknownFields || (key.startsWith("[") && registry?.getExtension(key.slice(1, -1)))) continue;
      return fault(at, `no such field; ${sayFields(desc)}`, true);
    }
    if (value === null) continue;
    let found: JsonFault | undefined;
    if (one.fieldKind === "list") {
      if (!Array.isArray(value)) return fault(at, `expected an array, got ${kindOf(value)}`);
      for (const [index, element] of value.entries()) {
        found ??= inside(`${at}[${index}]`, one, element, (leaf) => [leaf]);
        if (found !== undefined) break;
      }
    } else if (one.fieldKind === "map") {
      if (typeof value !== "object" || Array.isArray(value))
        return fault(at, `expected an object, got ${kindOf(value)}`);
      for (const [name, element] of Object.entries(value)) {
        const place = `${at}[${JSON.stringify(name)}]`;
        // The key by itself first: only keys of strings fit always.
        if (one.message !== undefined && !special.has(one.message.typeName)) {
          found ??= tryDecode(place, { [one.jsonName]: { [name]: {} } });
        }
        found ??= inside(place, one, element, (leaf) => ({ [name]: leaf }));
        if (found !== undefined) break;
      }
    } else {
      found = inside(at, one, value, (leaf) => leaf);
    }
    if (found !== undefined) return found;
  }
  // Each field fits by itself: what is left is between them (two members of a oneof, a field under both of its names).
  return tryDecode(field, json);
};
