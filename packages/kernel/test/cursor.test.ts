import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CursorPart, decodeCursor, encodeCursor, isAppError } from "../src/index.ts";

// Of each part what it takes, with its ends.
const parts: Readonly<Record<CursorPart, fc.Arbitrary<string | number | boolean>>> = {
  text: fc.string().filter((text) => !text.includes("\u0000")),
  uuid: fc.uuid(),
  instant: fc
    .date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true })
    .map((date) => date.toISOString()),
  int8: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  int4: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  number: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
  boolean: fc.boolean(),
};
const kinds = Object.keys(parts) as CursorPart[];
const key = fc
  .array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 5 })
  .chain((wanted) => fc.tuple(fc.constant(wanted), fc.tuple(...wanted.map((part) => parts[part]))));
const refused = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return isAppError(error, "page.cursor_invalid") && error.kind === "invalid_argument";
  }
  return false;
};

describe("cursor", () => {
  it("gives back the key that went in, in characters that need no escaping in a URL", () => {
    fc.assert(
      fc.property(key, ([wanted, values]) => {
        const cursor = encodeCursor("orders", values);
        expect(cursor).toMatch(/^[\w-]+$/);
        if (cursor.length <= 1024) expect(decodeCursor("orders", cursor, wanted)).toEqual(values);
      }),
    );
  });

  it("is refused by another list, and by a list whose key has another length", () => {
    const cursor = encodeCursor("orders:created_desc", ["2026-01-01", "id"]);
    expect(refused(() => decodeCursor("orders:total_desc", cursor, ["text", "text"]))).toBe(true);
    expect(refused(() => decodeCursor("orders:created_desc", cursor, ["text"]))).toBe(true);
    expect(refused(() => decodeCursor("orders:created_desc", cursor, ["text", "text", "text"]))).toBe(true);
  });

  it("refuses anything that it did not give out, with an error of the caller", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2000 }), (text) => {
        expect(refused(() => decodeCursor("orders", text, ["text"]))).toBe(true);
      }),
    );
  });

  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  it.each([
    ["another version", encode([2, "orders", "x"])],
    ["an object in the key", encode([1, "orders", { toString: 1 }])],
    ["an array in the key", encode([1, "orders", ["x"]])],
    ["a number that is not finite", Buffer.from('[1,"orders",1e999]').toString("base64url")],
    ["no array", encode({ length: 3 })],
    ["too much text", encode([1, "orders", "x".repeat(2000)])],
    ["nothing", ""],
  ])("refuses %s", (_, cursor) => {
    expect(refused(() => decodeCursor("orders", cursor, ["text"]))).toBe(true);
  });

  // What Postgres would refuse with an error that reads like one of ours.
  it.each<[CursorPart, readonly unknown[]]>([
    ["text", ["a\u0000b", 1, null, true]],
    ["uuid", ["", "-".repeat(36), "not-a-uuid", 1, null]],
    [
      "instant",
      [
        "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-01-01T00:00:00+99",
        "+275760-09-13T00:00:00.000Z",
        "2026-01-01",
        "now",
        "infinity",
        0,
        null,
      ],
    ],
    ["int8", ["9223372036854775808", "-9223372036854775809", "1.5", "0x10", "", 1.5, 1e308, 2 ** 53, null]],
    ["int4", [2 ** 31, -(2 ** 31) - 1, 1.5, "1", null]],
    ["number", ["1", null]],
    ["boolean", ["true", 0, null]],
  ])("refuses what is no %s, made up by somebody", (part, values) => {
    for (const value of values)
      expect(
        refused(() => decodeCursor("orders", encode([1, "orders", value]), [part])),
        String(value),
      ).toBe(true);
  });

  it("takes an instant as Postgres writes it, to the microsecond", () => {
    for (const at of ["2026-11-21 22:13:02.123456+00", "2028-02-29 00:00:00+05:30"])
      expect(decodeCursor("orders", encodeCursor("orders", [at]), ["instant"])).toEqual([at]);
  });
});
