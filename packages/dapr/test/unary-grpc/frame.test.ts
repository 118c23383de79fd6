import { Code, ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameReader, toFrame } from "../../src/unary-grpc/frame.ts";

const LIMIT = 64;

/** Cuts bytes into chunks at the given places. */
const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
};

const read = (chunks: readonly Buffer[], limit = LIMIT): Uint8Array => {
  const reader = new FrameReader(limit);
  for (const chunk of chunks) reader.push(chunk);
  return reader.finish();
};

const codeOf = (work: () => unknown): Code | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(ConnectError);
    return (error as ConnectError).code;
  }
};

const message = fc.uint8Array({ maxLength: LIMIT });
const places = fc.array(fc.nat(), { maxLength: 8 });

describe("a frame", () => {
  it("is read again as it was written, however it is cut into chunks", () => {
    fc.assert(
      fc.property(message, places, (bytes, at) => {
        expect([...read(cut(toFrame(bytes), at))]).toEqual([...bytes]);
      }),
    );
  });

  it("is refused when anything is missing of it, wherever it ends", () => {
    fc.assert(
      fc.property(message, places, fc.nat(), (bytes, at, end) => {
        const whole = toFrame(bytes);
        const part = whole.subarray(0, end % whole.length);
        const expected = part.length === 0 ? Code.Unimplemented : Code.InvalidArgument;
        expect(codeOf(() => read(cut(part, at)))).toBe(expected);
      }),
    );
  });

  it("is refused when anything follows it", () => {
    fc.assert(
      fc.property(message, fc.uint8Array({ minLength: 1, maxLength: 9 }), places, (bytes, more, at) => {
        expect(codeOf(() => read(cut(Buffer.concat([toFrame(bytes), more]), at)))).toBe(Code.Unimplemented);
      }),
    );
  });

  it("makes of bytes from anybody a message or a ConnectError, and never holds more than the limit", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), places, (bytes, at) => {
        const reader = new FrameReader(LIMIT);
        let taken = 0;
        const code = codeOf(() => {
          for (const chunk of cut(Buffer.from(bytes), at)) {
            reader.push(chunk);
            taken += chunk.length;
          }
          reader.finish();
        });
        expect(taken).toBeLessThanOrEqual(LIMIT + 5);
        if (code === undefined) expect([...toFrame(read([Buffer.from(bytes)]))]).toEqual([...bytes]);
      }),
      { examples: [[Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff), []]] },
    );
  });

  it.each([
    ["one that is compressed, which nobody agreed on", [1, 0, 0, 0, 0], Code.Internal],
    ["one that promises more than the limit, before it comes", [0, 0, 0, 0, LIMIT + 1], Code.ResourceExhausted],
  ])("refuses %s", (_, bytes, code) => {
    const reader = new FrameReader(LIMIT);
    expect(codeOf(() => reader.push(Buffer.from(bytes)))).toBe(code);
  });
});
