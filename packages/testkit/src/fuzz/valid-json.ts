import { type DescField, type DescMessage, getOption, hasOption, ScalarType } from "@bufbuild/protobuf";
import { type FieldRules, field as rulesOption } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import fc from "fast-check";

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Ids that exist, as far as earlier answers told: without them no request gets past "not found". */
export type KnownIds = () => readonly string[];

const DEEPEST = 4;

/** JSON of a message whose fields keep to the rules that proto declares (all but CEL). */
export const validJson = (desc: DescMessage, ids: KnownIds, depth = 0): fc.Arbitrary<Json> => {
  const known = wellKnown[desc.typeName];
  if (known) return known;
  const singles = desc.fields.filter(({ oneof }) => oneof === undefined);
  const entries = singles.map((one) => optionally(one, rulesOf(one), fieldJson(one, ids, depth)));
  const choices = desc.oneofs.map((oneof) =>
    fc.oneof(...oneof.fields.map((one) => fieldJson(one, ids, depth).map((value) => [[one.jsonName, value]] as const))),
  );
  return fc.tuple(fc.tuple(...entries), fc.tuple(...choices)).map(([fields, chosen]) => {
    const present = fields.flatMap((one) => (one === undefined ? [] : [one]));
    return Object.fromEntries([...present, ...chosen.flat()]) as Json;
  });
};

const rulesOf = (desc: DescField): FieldRules | undefined => {
  const { proto } = desc;
  const { options } = proto;
  return options && hasOption(desc, rulesOption) ? getOption(desc, rulesOption) : undefined;
};

const optionally = (desc: DescField, rules: FieldRules | undefined, value: fc.Arbitrary<Json>) => {
  const entry = value.map((one) => [desc.jsonName, one] as const);
  if (rules?.required || /_id$|_ids$/.test(desc.name)) return entry;
  return fc.option(entry, { nil: undefined, freq: 3 });
};

const fieldJson = (desc: DescField, ids: KnownIds, depth: number): fc.Arbitrary<Json> => {
  const rules = rulesOf(desc);
  switch (desc.fieldKind) {
    case "list": {
      const { minItems = 0n, maxItems = 3n, items } = rules?.type.case === "repeated" ? rules.type.value : {};
      const one = desc.listKind === "message" ? messageJson(desc.message, ids, depth) : plain(desc, items, ids);
      const least = Number(minItems);
      return fc.array(one, { minLength: least, maxLength: Math.max(least, Math.min(Number(maxItems || 3n), 3)) });
    }
    case "map": {
      const one = desc.mapKind === "message" ? messageJson(desc.message, ids, depth) : plain(desc, undefined, ids);
      return fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), one, { maxKeys: 2 }) as fc.Arbitrary<Json>;
    }
    case "message":
      return messageJson(desc.message, ids, depth);
    default:
      return plain(desc, rules, ids);
  }
};

const messageJson = (desc: DescMessage, ids: KnownIds, depth: number): fc.Arbitrary<Json> =>
  depth >= DEEPEST ? fc.constant({}) : validJson(desc, ids, depth + 1);

const plain = (desc: DescField, rules: FieldRules | undefined, ids: KnownIds): fc.Arbitrary<Json> => {
  if (desc.enum) return fc.constantFrom(...desc.enum.values.map(({ name }) => name));
  const { scalar } = desc as { scalar: ScalarType };
  switch (scalar) {
    case ScalarType.STRING:
      return text(rules, ids);
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("base64"));
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return fc.double({ noNaN: true, noDefaultInfinity: true, min: 0, max: 1e6 });
    default:
      return whole(rules, scalar);
  }
};

const text = (rules: FieldRules | undefined, ids: KnownIds): fc.Arbitrary<Json> => {
  const known = fc.tuple(fc.nat(), fc.uuid()).map(([n, unknown]) => ids()[n % Math.max(1, ids().length)] ?? unknown);
  if (rules?.type.case !== "string") return fc.string({ maxLength: 20 });
  const { minLen = 0n, maxLen, len, pattern, in: among, wellKnown: form, prefix } = rules.type.value;
  if (form.case === "uuid") return fc.oneof({ weight: 9, arbitrary: known }, { weight: 1, arbitrary: fc.uuid() });
  if (form.case === "email") return fc.emailAddress();
  if (form.case === "uri") return fc.webUrl();
  if (among.length > 0) return fc.constantFrom(...among);
  if (pattern) return fc.stringMatching(asRegExp(pattern));
  const least = Number(len ?? minLen);
  const most = Number(len ?? maxLen ?? 20n);
  return fc
    .string({ minLength: least, maxLength: Math.max(least, Math.min(most, 30)), unit: "grapheme" })
    .map((value) => `${prefix ?? ""}${value}`);
};

const asRegExp = (pattern: string): RegExp => {
  try {
    return new RegExp(pattern);
  } catch {
    return /^[a-z]{3,8}$/; // RE2 knows forms that JavaScript does not
  }
};

const LONG: ReadonlySet<ScalarType> = new Set([
  ScalarType.INT64,
  ScalarType.SINT64,
  ScalarType.UINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
]);

const whole = (rules: FieldRules | undefined, scalar: ScalarType): fc.Arbitrary<Json> => {
  const bounds = (rules?.type.value ?? {}) as {
    readonly greaterThan?: { readonly case?: string; readonly value?: number | bigint };
    readonly lessThan?: { readonly case?: string; readonly value?: number | bigint };
  };
  const { greaterThan, lessThan } = bounds;
  const least =
    greaterThan?.value === undefined ? 0n : BigInt(greaterThan.value) + (greaterThan.case === "gt" ? 1n : 0n);
  const most =
    lessThan?.value === undefined ? least + 1_000n : BigInt(lessThan.value) - (lessThan.case === "lt" ? 1n : 0n);
  const value = fc.oneof(
    { weight: 8, arbitrary: fc.bigInt({ min: least, max: least + 50n > most ? most : least + 50n }) },
    { weight: 1, arbitrary: fc.constantFrom(least, most) },
  );
  return LONG.has(scalar) ? value.map(String) : value.map(Number);
};

const instant = fc.date({ min: new Date("2026-01-01"), max: new Date("2027-12-31"), noInvalidDate: true });
const wellKnown: Readonly<Record<string, fc.Arbitrary<Json>>> = {
  "google.protobuf.Timestamp": instant.map((at) => at.toISOString()),
  "google.protobuf.Duration": fc.nat(100_000).map((seconds) => `${seconds}s`),
  "google.protobuf.FieldMask": fc.constant(""),
  "google.protobuf.Struct": fc.dictionary(
    fc.string({ maxLength: 8 }),
    fc.string({ maxLength: 8 }),
  ) as fc.Arbitrary<Json>,
  "google.protobuf.Value": fc.string({ maxLength: 8 }),
  "google.protobuf.Empty": fc.constant({}),
};
