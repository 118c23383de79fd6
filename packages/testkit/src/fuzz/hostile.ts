import fc from "fast-check";
import type { Json } from "./valid-json.ts";

/** Values that break what expects something else: types, ranges, lengths, encodings, databases, prototypes. */
const hostileValues: readonly Json[] = [
  null,
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "\u202e\ufeff\u200b",
  "ﷺ".repeat(300),
  "x".repeat(70_000),
  "' or 1=1; drop table stock; --",
  "{{7*7}}",
  "../../etc/passwd",
  "%00%2e%2e%2f",
  "00000000-0000-0000-0000-000000000000",
  "not-a-uuid",
  -1,
  0,
  1.5,
  1e308,
  2 ** 53 + 2,
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775808",
  "NaN",
  "Infinity",
  "0x10",
  true,
  [],
  {},
  [null],
  [[[[]]]],
  { "": "" },
  { toString: 1, constructor: 1 },
  "9999-12-31T23:59:59.999999999Z",
  "0000-00-00T00:00:00Z",
  "1969-12-31T23:59:59Z",
];

const replaceAt = (value: Json, pick: (n: number) => number, by: Json | undefined): Json => {
  if (value === null || typeof value !== "object") return by ?? null;
  if (Array.isArray(value)) {
    if (value.length === 0) return by === undefined ? value : [by];
    const at = pick(value.length);
    return value.map((one, index) => (index === at ? replaceAt(one, pick, by) : one));
  }
  const keys = Object.keys(value);
  const key = keys[pick(keys.length)];
  if (key === undefined) return by === undefined ? value : { unknownField: by };
  const { [key]: old = null, ...rest } = value;
  const goDeeper = old !== null && typeof old === "object" && pick(2) === 1;
  if (goDeeper) return { ...rest, [key]: replaceAt(old, pick, by) };
  return by === undefined ? rest : { ...rest, [key]: by };
};

/** A valid request with one thing wrong: a field replaced, left out, or one too many. */
export const nearlyValid = (valid: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
  fc
    .tuple(
      valid,
      fc.infiniteStream(fc.nat()),
      fc.constantFrom(...hostileValues),
      fc.constantFrom("replace", "drop", "add"),
    )
    .map(([value, chance, hostile, how]) => {
      const pick = (n: number) => ((chance.next().value as number | undefined) ?? 0) % Math.max(1, n);
      if (how === "add") return { ...(value as object), noSuchField: hostile } as Json;
      return replaceAt(value, pick, how === "drop" ? undefined : hostile);
    });

/** Bodies that are no message at all. */
export const hostileBodies: readonly (string | Uint8Array)[] = [
  "",
  " ",
  "null",
  "true",
  "[]",
  '"text"',
  "{",
  '{"a":',
  "{}{}",
  "1e999",
  '{"__proto__":{"admin":true}}',
  '{"a":1,"a":2}',
  "\ufeff{}",
  "<xml/>",
  `${"[".repeat(5_000)}${"]".repeat(5_000)}`,
  `{"text":"${"x".repeat(3_000_000)}"}`,
  Uint8Array.from([0xff, 0xfe, 0x00, 0x7b]),
  Uint8Array.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]),
];

export const hostileTexts: readonly string[] = hostileValues.filter(
  (value): value is string => typeof value === "string" && value.length < 2_000,
);
