import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCursor, encodeCursor, isAppError } from "../src/index.ts";

const key = fc.array(
  fc.oneof(
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
    fc.boolean(),
    fc.constant(null),
  ),
  { minLength: 1, maxLength: 5 },
);
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
      fc.property(key, (values) => {
        const cursor = encodeCursor("orders", values);
        expect(cursor).toMatch(/^[\w-]+$/);
        if (cursor.length <= 1024) expect(decodeCursor("orders", cursor, values.length)).toEqual(values);
      }),
    );
  });

  it("is refused by another list, and by a list whose key has another length", () => {
    const cursor = encodeCursor("orders:created_desc", ["2026-01-01", "id"]);
    expect(refused(() => decodeCursor("orders:total_desc", cursor, 2))).toBe(true);
    expect(refused(() => decodeCursor("orders:created_desc", cursor, 1))).toBe(true);
    expect(refused(() => decodeCursor("orders:created_desc", cursor, 3))).toBe(true);
  });

  it("refuses anything that it did not give out, with an error of the caller", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2000 }), (text) => {
        expect(refused(() => decodeCursor("orders", text, 1))).toBe(true);
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
    expect(refused(() => decodeCursor("orders", cursor, 1))).toBe(true);
  });
});
