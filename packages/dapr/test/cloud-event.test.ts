import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeCloudEvent, extensionOf, traceparentOf } from "../src/cloud-event.ts";

const attributes = { id: "1", type: "t", source: "order", subject: "o-1", time: new Date("2026-01-02T03:04:05.678Z") };
const parse = (bytes: Uint8Array): Record<string, unknown> => JSON.parse(new TextDecoder().decode(bytes));

describe("encodeCloudEvent", () => {
  it("is a structured CloudEvent with time to the millisecond and both trace fields, which Dapr would overwrite", () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    expect(parse(encodeCloudEvent({ ...attributes, traceparent, correlationId: "c" }, '{"a":1}'))).toEqual({
      specversion: "1.0",
      id: "1",
      type: "t",
      source: "order",
      subject: "o-1",
      time: "2026-01-02T03:04:05.678Z",
      datacontenttype: "application/json",
      traceid: traceparent,
      traceparent,
      correlationid: "c",
      data: { a: 1 },
    });
  });

  it("carries any JSON and any text of attributes unharmed", () => {
    fc.assert(
      fc.property(fc.json(), fc.string(), fc.string(), (data, subject, correlationId) => {
        const event = parse(encodeCloudEvent({ ...attributes, subject, correlationId }, data));
        expect(event).toMatchObject({ subject, correlationid: correlationId });
        expect(JSON.stringify(event["data"])).toBe(JSON.stringify(JSON.parse(data)));
      }),
    );
  });

  it("does not touch the digits of large numbers", () => {
    const bytes = encodeCloudEvent(attributes, '{"minor":9007199254740993}');
    expect(new TextDecoder().decode(bytes)).toContain('"data":{"minor":9007199254740993}}');
  });
});

describe("traceparentOf", () => {
  const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  it.each([
    [{ traceparent: trace }, trace],
    [{ traceid: trace }, trace],
    [{ traceparent: "" }, undefined],
    [{ traceparent: "00-00000000000000000000000000000000-0000000000000000-00" }, undefined],
    [{ traceparent: 7 }, undefined],
    [{}, undefined],
    [undefined, undefined],
  ])("reads %j as %s", (extensions, expected) => {
    expect(traceparentOf(extensions)).toBe(expected);
  });
});

describe("extensionOf", () => {
  it("takes only text that is not empty", () => {
    expect(extensionOf({ a: "x" }, "a")).toBe("x");
    expect(extensionOf({ a: "" }, "a")).toBeUndefined();
    expect(extensionOf({ a: 1 }, "a")).toBeUndefined();
  });
});
