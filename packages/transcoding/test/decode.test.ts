import { describe, expect, test } from "vitest";
import { call, createKitchen } from "./kitchen.ts";

const kitchen = createKitchen({ json: { alwaysEmitImplicit: false } });

// The sink's methods echo their request: the answer shows what was understood.
const echoed = async (line: string, body?: unknown): Promise<unknown> => {
  const { status, json } = await call(kitchen, line, { body });
  return status === 200 ? json : { status, json };
};

describe("query parameters set fields by their type", () => {
  test.each([
    ["", {}],
    ["?", {}],
    ["?&&", {}],
    ["text=a", { text: "a" }],
    ["text=", {}],
    ["text", {}],
    ["text=a%20b+c%2Bd", { text: "a b c+d" }],
    ["text=%C3%BC%E2%82%AC%F0%9F%98%80", { text: "ü€😀" }],
    ["text=a=b", { text: "a=b" }],
    ["flag=true", { flag: true }],
    ["flag=false", {}],
    ["int32Value=-2147483648", { int32Value: -2147483648 }],
    ["int32_value=5", { int32Value: 5 }],
    ["sint32Value=-7", { sint32Value: -7 }],
    ["sfixed32Value=-7", { sfixed32Value: -7 }],
    ["uint32Value=4294967295", { uint32Value: 4294967295 }],
    ["fixed32Value=7", { fixed32Value: 7 }],
    ["int64Value=-9223372036854775808", { int64Value: "-9223372036854775808" }],
    ["sint64Value=-1", { sint64Value: "-1" }],
    ["sfixed64Value=9223372036854775807", { sfixed64Value: "9223372036854775807" }],
    ["uint64Value=18446744073709551615", { uint64Value: "18446744073709551615" }],
    ["fixed64Value=1", { fixed64Value: "1" }],
    ["stringLong=12", { stringLong: "12" }],
    ["floatValue=1.5", { floatValue: 1.5 }],
    ["doubleValue=-1.25e-3", { doubleValue: -0.00125 }],
    ["doubleValue=NaN", { doubleValue: "NaN" }],
    ["doubleValue=-Infinity", { doubleValue: "-Infinity" }],
    ["bytesValue=AP8%2B", { bytesValue: "AP8+" }],
    ["bytesValue=-_8", { bytesValue: "+/8=" }],
    ["bytesValue=+/8=", { bytesValue: "+/8=" }],
    ["color=COLOR_RED", { color: "COLOR_RED" }],
    ["color=2", { color: "COLOR_BLUE" }],
    ["color=99", { color: 99 }],
    ["optionalText=", { optionalText: "" }],
    ["optionalInt=0", { optionalInt: 0 }],
    ["texts=a&texts=b&texts=", { texts: ["a", "b", ""] }],
    ["numbers=3&numbers=-1", { numbers: [3, -1] }],
    ["longs=3", { longs: ["3"] }],
    ["colors=COLOR_RED&colors=2", { colors: ["COLOR_RED", "COLOR_BLUE"] }],
    [
      "times=2024-01-01T00:00:00Z&times=2025-01-01T00:00:00Z",
      { times: ["2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"] },
    ],
    ["time=2024-02-29T12:00:00.5%2B01:00", { time: "2024-02-29T11:00:00.500Z" }],
    ["duration=1.5s", { duration: "1.500s" }],
    ["mask=text,nested.leafId", { mask: "text,nested.leafId" }],
    ["mask=text,nested.leaf_id", { mask: "text,nested.leafId" }],
    ["mask=", { mask: "" }],
    ["stringWrapper=", { stringWrapper: "" }],
    ["int64Wrapper=0", { int64Wrapper: "0" }],
    ["boolWrapper=false", { boolWrapper: false }],
    ["doubleWrapper=2.5", { doubleWrapper: 2.5 }],
    ["bytesWrapper=AA==", { bytesWrapper: "AA==" }],
    ["nested.leaf.id=x&nested.label=y", { nested: { leaf: { id: "x" }, label: "y" } }],
    ["nested.again.again.label=deep", { nested: { again: { again: { label: "deep" } } } }],
    ["choiceText=", { choiceText: "" }],
    ["choiceNumber=7", { choiceNumber: "7" }],
    ["choiceLeaf.id=x&choiceLeaf.weight=3", { choiceLeaf: { id: "x", weight: 3 } }],
    ["otherName=a", { otherName: "a" }],
    ["renamed_field=a", { otherName: "a" }],
  ])("?%s", async (query, expected) => {
    expect(await echoed(`GET /v1/sink?${query.replace(/^\?/, "")}`)).toEqual(expected);
  });
});

describe("path variables set fields, decoded by how many segments they span", () => {
  test.each([
    ["GET /v1/shelves/a", { shelf: "a" }],
    ["GET /v1/shelves/a%2Fb%20c+d", { shelf: "a/b c+d" }],
    ["GET /v1/shelves/%E2%82%AC", { shelf: "€" }],
    ["GET /v1/shelves/a:b", { shelf: "a:b" }],
    ["GET /v1/shelves/a%3Awatch", { shelf: "a:watch" }],
    ["GET /v1/files/a/b%20c", { path: "a/b c" }],
    ["GET /v1/files/a%2Fb/c%2fd", { path: "a%2Fb/c%2fd" }],
    ["GET /v1/files/a%252Fb", { path: "a%2Fb" }],
    ["GET /v1/files/a//b/", { path: "a//b/" }],
    ["GET /v1/files", {}],
    ["POST /v1/deep/a/b:c:dig", { text: "a/b:c" }],
  ])("%s", async (line, expected) => {
    expect(await echoed(line)).toEqual(expected);
  });
});

describe("path, query and body meet in one message", () => {
  test.each<[string, unknown, unknown]>([
    [
      "POST /v1/sink",
      { text: "a", children: [{ id: "x" }], labels: { k: "v" }, any: null },
      { text: "a", children: [{ id: "x" }], labels: { k: "v" } },
    ],
    ["POST /v1/sink", undefined, {}],
    ["POST /v1/sink", " \n", {}],
    [
      "POST /v1/sink",
      { struct: { a: [1, null] }, value: "x", empty: {} },
      { struct: { a: [1, null] }, value: "x", empty: {} },
    ],
    ["POST /v1/deep/a/b:dig", { flag: true }, { text: "a/b", flag: true }],
    ["POST /v1/deep/a/b:dig", { text: "a/b" }, { text: "a/b" }],
    [
      "PUT /v1/sink/t/-5/leaves/l/COLOR_BLUE?nested.label=n&texts=1&texts=2",
      { id: "kid" },
      {
        text: "t",
        int64Value: "-5",
        nested: { leaf: { id: "leaves/l" }, label: "n" },
        color: "COLOR_BLUE",
        child: { id: "kid" },
        texts: ["1", "2"],
      },
    ],
    ["PUT /v1/sink/t/0/leaves/l/1", undefined, { text: "t", nested: { leaf: { id: "leaves/l" } }, color: "COLOR_RED" }],
    ["PUT /v1/sink/t/0/leaves/l/1", "null", { text: "t", nested: { leaf: { id: "leaves/l" } }, color: "COLOR_RED" }],
    ["PATCH /v1/sink/t", [{ id: "a" }, { weight: 2 }], [{ id: "a" }, { weight: 2 }]],
    ["PATCH /v1/sink/t?flag=true", [], []],
    ["PUT /v1/sink/t/int32", 42, 42],
    ["PUT /v1/sink/t/int32", undefined, 0],
    ["PATCH /v1/shelves/a/books/b", { title: "Emma" }, { name: "shelves/a/books/b", title: "Emma" }],
    ["PATCH /v1/shelves/a/books/b", undefined, { name: "shelves/a/books/b" }],
  ])("%s %j", async (line, body, expected) => {
    expect(await echoed(line, body)).toEqual(expected);
  });
});

test("unknown fields and parameters pass where they are told to", async () => {
  const lenient = createKitchen({ unknownFields: "ignore", json: { alwaysEmitImplicit: false } });
  expect((await call(lenient, "POST /v1/sink", { body: { text: "a", nope: 1 } })).json).toEqual({ text: "a" });
  expect((await call(lenient, "GET /v1/sink?text=a&nope=1")).json).toEqual({ text: "a" });
  expect((await call(lenient, "GET /v1/shelves/a", { body: "x" })).status).toBe(200);
});

test("a welcome parameter passes, another does not", async () => {
  const tracked = createKitchen({ ignoredQueryParameters: ["utm_source"] });
  expect((await call(tracked, "GET /v1/sink?utm_source=x")).status).toBe(200);
  expect((await call(tracked, "GET /v1/sink?utm_medium=x")).status).toBe(400);
});
