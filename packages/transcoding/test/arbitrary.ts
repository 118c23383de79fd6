import { create, type DescEnum, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import fc from "fast-check";

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom("%2F", "a/b", "..", "?x=1&y#z", "+ %", "a:b", "[0]", '"\\', "é€😀", "null", "__proto__", "\u0000"),
);
const int32 = fc.integer();
const uint32 = fc.nat({ max: 0xffffffff });
const int64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
const uint64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });

/** JSON.stringify has no -0. */
const positiveZero = (value: number): number => (value === 0 ? 0 : value);

const scalars: Readonly<Record<ScalarType, fc.Arbitrary<unknown>>> = {
  [ScalarType.STRING]: text,
  [ScalarType.BOOL]: fc.boolean(),
  [ScalarType.BYTES]: fc.uint8Array({ maxLength: 12 }),
  [ScalarType.DOUBLE]: fc.double().map(positiveZero),
  [ScalarType.FLOAT]: fc.float().map(positiveZero),
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

const enumArbitrary = (desc: DescEnum): fc.Arbitrary<number> =>
  fc.oneof(fc.constantFrom(...desc.values.map(({ number }) => number)), ...(desc.open ? [int32] : []));

/** google.protobuf messages whose fields cannot be just anything. */
const special: Readonly<Record<string, fc.Arbitrary<Record<string, unknown>>>> = {
  "google.protobuf.Timestamp": fc.record({
    seconds: fc.bigInt({ min: -62135596800n, max: 253402300799n }),
    nanos: fc.nat({ max: 999_999_999 }),
  }),
  "google.protobuf.Duration": fc
    .record({
      seconds: fc.bigInt({ min: 0n, max: 315576000000n }),
      nanos: fc.nat({ max: 999_999_999 }),
      negative: fc.boolean(),
    })
    .map(({ seconds, nanos, negative }) =>
      negative ? { seconds: -seconds, nanos: nanos === 0 ? 0 : -nanos } : { seconds, nanos },
    ),
  "google.protobuf.FieldMask": fc.record({
    paths: fc.array(fc.stringMatching(/^[a-z]{1,5}(_[a-z]{1,5}){0,2}(\.[a-z]{1,5})?$/), { maxLength: 3 }),
  }),
};

export interface ArbitraryOptions {
  /** Fields to leave unset. */
  readonly without?: (field: DescField) => boolean;
  /** A sub-message is never empty: where it travels as its fields, an empty one leaves no trace. */
  readonly noEmptyMessages?: boolean;
}

/** Any message of a type: each field unset or anything that it can hold, to a depth of three. */
export const messageArbitrary = (
  desc: DescMessage,
  options: ArbitraryOptions = {},
  depth = 0,
): fc.Arbitrary<Message> => {
  const known = special[desc.typeName];
  if (known !== undefined) return known.map((init) => create(desc, init));
  const inner = (of: DescMessage): fc.Arbitrary<Message> => {
    const messages = messageArbitrary(of, options, depth + 1);
    const flat = of.typeName.startsWith("google.protobuf.");
    return options.noEmptyMessages && !flat
      ? messages.filter((message) => reflect(of, message).fields.some((field) => reflect(of, message).isSet(field)))
      : messages;
  };
  const single = (field: DescField): fc.Arbitrary<unknown> => {
    if (field.enum !== undefined) return enumArbitrary(field.enum);
    if (field.scalar !== undefined) return scalars[field.scalar];
    const { message } = field;
    if (message === undefined) throw new TypeError("a field holds something");
    return inner(message).map((value) => reflect(message, value));
  };
  const fields = desc.fields.filter((field) => !options.without?.(field) && (depth < 3 || field.message === undefined));
  const values = fields.map((field) => {
    if (field.fieldKind === "list") return fc.option(fc.array(single(field), { maxLength: 3 }), { nil: undefined });
    if (field.fieldKind === "map")
      return fc.option(fc.array(fc.tuple(scalars[field.mapKey], single(field)), { maxLength: 3 }), { nil: undefined });
    return fc.option(single(field), { nil: undefined, freq: 2 });
  });
  return fc.tuple(...values).map((drawn) => {
    const target = reflect(desc);
    for (const [index, field] of fields.entries()) {
      const value = drawn[index];
      if (value === undefined) continue;
      if (field.fieldKind === "list") for (const one of value as unknown[]) target.get(field).add(one);
      else if (field.fieldKind === "map")
        for (const [key, one] of value as [string, unknown][]) target.get(field).set(key, one);
      else target.set(field, value);
    }
    return target.message;
  });
};
