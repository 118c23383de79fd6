import { Code, ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeMessage, encodeMessage, httpError, resetError, statusOf, toError } from "../../src/unary-grpc/status.ts";

describe("grpc-message", () => {
  it("brings any text over as printable ASCII", () => {
    fc.assert(
      fc.property(fc.uint16Array({ maxLength: 300 }), (units) => {
        const text = String.fromCharCode(...units);
        const encoded = encodeMessage(text);
        expect(encoded).toMatch(/^(?! )[ -~]*(?<! )$/);
        expect(decodeMessage(encoded)).toBe(text.toWellFormed());
      }),
    );
  });

  it.each([
    ["50% off", "50%25 off"],
    ["täglich", "t%C3%A4glich"],
    ["a\r\nb", "a%0D%0Ab"],
    [" a ", "%20a%20"],
  ])("%j goes as %j", (text, encoded) => {
    expect(encodeMessage(text)).toBe(encoded);
  });

  it("is cut where it would be too long for a header", () => {
    expect(encodeMessage("a".repeat(100_000))).toHaveLength(4_000);
  });

  it("is taken as it stands when it is not encoded", () => {
    expect(decodeMessage("100% of it")).toBe("100% of it");
  });
});

describe("a status", () => {
  it("is success only as 0", () => {
    expect(toError("0")).toBeUndefined();
    expect(toError("14", "draining%21")).toMatchObject({
      code: Code.Unavailable,
      rawMessage: "draining!",
      isWireError: true,
    });
  });

  it.each(["17", "-1", "", "x", "1e1", "99999999999"])("that nobody knows (%j) is unknown", (text) => {
    expect(toError(text)?.code).toBe(Code.Unknown);
  });

  it("tells what was meant for the caller, and nothing of other errors", () => {
    expect(statusOf(new ConnectError("draining", Code.Unavailable))).toEqual({
      code: Code.Unavailable,
      message: "draining",
    });
    expect(statusOf(new Error("password=secret"))).toEqual({ code: Code.Internal, message: "internal error" });
  });
});

describe("an end without a status", () => {
  it.each([
    [401, Code.Unauthenticated],
    [404, Code.Unimplemented],
    [503, Code.Unavailable],
    [500, Code.Unknown],
  ])("HTTP %i is code %i", (status, code) => {
    expect(httpError(status)).toMatchObject({ code, isWireError: false });
  });

  it.each([
    [0x0, Code.Internal],
    [0x7, Code.Unavailable],
    [0x8, Code.Canceled],
    [0xb, Code.ResourceExhausted],
    [0x2, Code.Internal],
  ])("reset %i is code %i", (reset, code) => {
    expect(resetError(reset)).toMatchObject({ code, isWireError: false });
  });
});
