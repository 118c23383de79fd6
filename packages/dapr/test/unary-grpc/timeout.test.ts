import { Code } from "@connectrpc/connect";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTimeout, parseTimeout } from "../../src/unary-grpc/timeout.ts";

describe("grpc-timeout", () => {
  it.each([
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3_000],
    ["250m", 250],
    ["5000u", 5],
    ["1000000n", 1],
    ["0m", 0],
  ])("%s is %i ms", (header, ms) => {
    expect(parseTimeout(header)).toBeCloseTo(ms);
  });

  it("is no limit when there is none, or one that no timer can wait for", () => {
    expect(parseTimeout(undefined)).toBeUndefined();
    expect(parseTimeout("99999999H")).toBeUndefined();
  });

  it.each(["", "5", "m", "-1m", "1.5S", "123456789m", "1 m", "1x", "1constructor"])("refuses %j", (header) => {
    expect(() => parseTimeout(header)).toThrow(expect.objectContaining({ code: Code.InvalidArgument }));
  });

  it("is never shorter than what was asked for, and always has a form that is read", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2 ** 31 - 1, noNaN: true }), (ms) => {
        expect(parseTimeout(formatTimeout(ms)) ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(ms);
      }),
    );
  });
});
