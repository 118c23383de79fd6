import { create, type DescEnum, type DescField, type DescMessage, fromJson, ScalarType } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { FieldMaskSchema, isWrapperDesc } from "@bufbuild/protobuf/wkt";

/** Turns the text of a path variable or query parameter into a value that ReflectMessage.set takes. Throws an Error that says what was expected. */
export type ParameterParser = (text: string) => unknown;

const expected = (what: string, text: string): never => {
  throw new Error(`expected ${what}, got ${JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}...` : text)}`);
};

const integer =
  (what: string, min: number, max: number): ParameterParser =>
  (text) => {
    const value = /^-?\d{1,11}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : expected(what, text);
  };

const bigInteger =
  (what: string, min: bigint, max: bigint): ParameterParser =>
  (text) => {
    if (!/^-?\d{1,20}$/.test(text)) return expected(what, text);
    const value = BigInt(text);
    return value >= min && value <= max ? value : expected(what, text);
  };

const floatMax = 3.4028234663852886e38;

const floating =
  (what: string, max: number): ParameterParser =>
  (text) => {
    if (text === "NaN") return Number.NaN;
    if (text === "Infinity") return Number.POSITIVE_INFINITY;
    if (text === "-Infinity") return Number.NEGATIVE_INFINITY;
    const value = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
    return Math.abs(value) <= max ? value : expected(what, text);
  };

const int32 = integer("a 32-bit integer", -0x80000000, 0x7fffffff);
const uint32 = integer("an unsigned 32-bit integer", 0, 0xffffffff);
const int64 = bigInteger("a 64-bit integer", -(1n << 63n), (1n << 63n) - 1n);
const uint64 = bigInteger("an unsigned 64-bit integer", 0n, (1n << 64n) - 1n);

const bytes: ParameterParser = (text) => {
  try {
    // A "+" of plain base64 that nobody escaped has arrived as a space.
    return base64Decode(text.replaceAll(" ", "+"));
  } catch {
    return expected("base64", text);
  }
};

const scalars: Readonly<Record<ScalarType, ParameterParser>> = {
  [ScalarType.STRING]: (text) => text,
  [ScalarType.BOOL]: (text) => (text === "true" ? true : text === "false" ? false : expected("true or false", text)),
  [ScalarType.BYTES]: bytes,
  [ScalarType.DOUBLE]: floating("a number", Number.MAX_VALUE),
  [ScalarType.FLOAT]: floating("a number in the range of a float", floatMax),
  [ScalarType.INT32]: int32,
  [ScalarType.SINT32]: int32,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.UINT32]: uint32,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.INT64]: int64,
  [ScalarType.SINT64]: int64,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.FIXED64]: uint64,
};

const enumParser = (desc: DescEnum): ParameterParser => {
  const byName = new Map(
    desc.values.flatMap((value) => [[value.jsonName, value.number] as const, [value.name, value.number] as const]),
  );
  return (text) => {
    const named = byName.get(text);
    if (named !== undefined) return named;
    const number = /^-?\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= -0x80000000 && number <= 0x7fffffff && (desc.open || desc.value[number] !== undefined)) return number;
    const names = desc.values.slice(0, 12).map((value) => value.jsonName);
    return expected(`one of ${names.join(", ")}${desc.values.length > 12 ? ", ..." : ""}`, text);
  };
};

/** camelCase as proto JSON has it, or snake_case as people write it. */
const fieldMask: ParameterParser = (text) => {
  const paths = text === "" ? [] : text.split(",");
  if (paths.some((path) => !/^[A-Za-z_][\w.]*$/.test(path))) return expected("field names separated by commas", text);
  const snake = paths.map((path) => path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  return reflect(FieldMaskSchema, create(FieldMaskSchema, { paths: snake }));
};

/** Message types whose proto JSON is a string, so that one parameter can hold them. */
const textMessages: Readonly<Record<string, string>> = {
  "google.protobuf.Timestamp": 'a time as "2006-01-02T15:04:05Z"',
  "google.protobuf.Duration": 'a duration as "1.5s"',
};

const messageParser = (desc: DescMessage): ParameterParser | undefined => {
  if (desc.typeName === FieldMaskSchema.typeName) return fieldMask;
  if (isWrapperDesc(desc)) {
    const value = desc.fields[0] as DescField;
    const parse = parameterParser(value);
    return (text) => {
      const wrapper: ReflectMessage = reflect(desc);
      wrapper.set(value, parse?.(text));
      return wrapper;
    };
  }
  const what = textMessages[desc.typeName];
  if (what === undefined) return undefined;
  return (text) => {
    try {
      return reflect(desc, fromJson(desc, text));
    } catch {
      return expected(what, text);
    }
  };
};

const parsers = new WeakMap<DescField, { readonly parse: ParameterParser | undefined }>();

/** The parser for a field, or for one element of a repeated field; undefined when no text can express it (messages, maps). */
export const parameterParser = (field: DescField): ParameterParser | undefined => {
  let known = parsers.get(field);
  if (known === undefined) {
    const { message, scalar } = field;
    const parse =
      field.fieldKind === "map"
        ? undefined
        : field.enum !== undefined
          ? enumParser(field.enum)
          : message !== undefined
            ? messageParser(message)
            : scalar !== undefined
              ? scalars[scalar]
              : undefined;
    known = { parse };
    parsers.set(field, known);
  }
  return known.parse;
};
