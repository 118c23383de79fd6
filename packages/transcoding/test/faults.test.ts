import { describe, expect, test } from "vitest";
import type { ErrorContext } from "../src/index.ts";
import { type Call, call, createKitchen } from "./kitchen.ts";

const kitchen = createKitchen({
  maxBodyBytes: 1000,
  encodeError: ({ rawMessage }, { status, reason, violations }: ErrorContext) => ({
    status,
    body: { reason: reason ?? "", message: rawMessage, fields: violations.map(({ field }) => field) },
  }),
});

/** status, reason, message, fields */
const refused = async (line: string, options: Call = {}) => {
  const { status, json } = await call(kitchen, line, options);
  const { reason, message, fields } = json as { reason: string; message: string; fields: string[] };
  return [status, reason, message, fields];
};

const anything = expect.any(String) as unknown as string;
const field = (name: string, description: string) => [
  400,
  "invalid_field",
  description === anything ? anything : `field "${name}": ${description}`,
  [name],
];
const unknown = (name: string, description = "no such field") => [
  400,
  "unknown_field",
  expect.stringMatching(new RegExp(`^field "${RegExp.escape(name)}": ${description}; there `)),
  [name],
];
const malformed = (message: string) => [
  400,
  "malformed_json",
  message === anything ? anything : `the body is not valid JSON: ${message}`,
  [],
];

describe("what is not there", () => {
  test.each([
    ["GET /v1/shelves/a/books?nope=1", "; there "],
    ["GET /v1/shelves/a?nope=1", "no such query parameter; there "],
  ])("%s", async (line, told) => {
    expect((await refused(line))[2]).toContain(told);
  });
  test("is answered with what is there, of the message that was meant", async () => {
    expect((await refused("GET /v1/sink?nested.nope=1"))[2]).toMatch(/there are nested\.leaf\.id, nested\./);
    expect((await refused("POST /v1/sink", { body: { nested: { leaf: { nope: 1 } } } }))[2]).toMatch(
      /; there (is|are) \w+/,
    );
    expect((await refused("POST /v1/sink", { body: { nope: 1 } }))[2]).toMatch(/(\w+, ){15}\.\.\.$/);
  });
});

describe("a wrong query parameter is named", () => {
  test.each([
    ["nope=1", unknown("nope", "no such query parameter")],
    ["nested.nope=1", unknown("nested.nope", "no such query parameter")],
    ["text.nope=1", unknown("text.nope", "no such query parameter")],
    ["constructor=1", unknown("constructor", "no such query parameter")],
    ["__proto__.x=1", unknown("__proto__.x", "no such query parameter")],
    ["=1", unknown("", "no such query parameter")],
    [`${"nested.again.".repeat(17)}label=1`, unknown(`${"nested.again.".repeat(17)}label`, "no such query parameter")],
    ["flag=yes", field("flag", 'expected true or false, got "yes"')],
    ["flag=", field("flag", 'expected true or false, got ""')],
    ["int32Value=2147483648", field("int32Value", 'expected a 32-bit integer, got "2147483648"')],
    ["int32Value=1.0", field("int32Value", 'expected a 32-bit integer, got "1.0"')],
    ["int32Value=0x10", field("int32Value", 'expected a 32-bit integer, got "0x10"')],
    ["int32Value=", field("int32Value", 'expected a 32-bit integer, got ""')],
    ["uint32Value=-1", field("uint32Value", 'expected an unsigned 32-bit integer, got "-1"')],
    ["int64Value=9223372036854775808", field("int64Value", 'expected a 64-bit integer, got "9223372036854775808"')],
    [
      "uint64Value=18446744073709551616",
      field("uint64Value", 'expected an unsigned 64-bit integer, got "18446744073709551616"'),
    ],
    [`int64Value=${"9".repeat(100)}`, field("int64Value", `expected a 64-bit integer, got "${"9".repeat(64)}..."`)],
    ["floatValue=1e39", field("floatValue", 'expected a number in the range of a float, got "1e39"')],
    ["doubleValue=1e999", field("doubleValue", 'expected a number, got "1e999"')],
    ["doubleValue=abc", field("doubleValue", 'expected a number, got "abc"')],
    ["bytesValue=!!", field("bytesValue", 'expected base64, got "!!"')],
    ["color=red", field("color", 'expected one of COLOR_UNSPECIFIED, COLOR_RED, COLOR_BLUE, got "red"')],
    [
      "color=99999999999",
      field("color", 'expected one of COLOR_UNSPECIFIED, COLOR_RED, COLOR_BLUE, got "99999999999"'),
    ],
    ["numbers=1&numbers=x", field("numbers", 'expected a 32-bit integer, got "x"')],
    ["time=yesterday", field("time", 'expected a time as "2006-01-02T15:04:05Z", got "yesterday"')],
    ["duration=5", field("duration", 'expected a duration as "1.5s", got "5"')],
    ["mask=a b", field("mask", 'expected field names separated by commas, got "a b"')],
    ["int64Wrapper=x", field("int64Wrapper", 'expected a 64-bit integer, got "x"')],
    ["nested.leaf.weight=x", field("nested.leaf.weight", 'expected a 32-bit integer, got "x"')],
    ["text=a&text=b", field("text", "given more than once")],
    ["int32Value=1&int32_value=1", field("int32_value", "given more than once")],
    ["choiceText=a&choiceNumber=1", field("choiceNumber", '"choiceText", of the same oneof, is given as well')],
    ["choiceNumber=1&choiceLeaf.id=a", field("choiceLeaf.id", '"choiceNumber", of the same oneof, is given as well')],
    ["nested=x", field("nested", "a map or message of this type cannot be given in the query")],
    ["labels=x", field("labels", "a map or message of this type cannot be given in the query")],
    ["children=x", field("children", "a map or message of this type cannot be given in the query")],
    ["struct=x", field("struct", "a map or message of this type cannot be given in the query")],
    ["text=%zz", [400, "malformed_url", 'the URL holds a malformed percent escape: "%zz"', []]],
    ["text=%ff", [400, "malformed_url", 'the URL holds a malformed percent escape: "%ff"', []]],
  ])("?%s", async (query, expected) => {
    expect(await refused(`GET /v1/sink?${query}`)).toEqual(expected);
  });
});

describe("a wrong path is refused", () => {
  test.each([
    ["GET /v1/nothing", [404, "route_not_found", "no route for /v1/nothing", []]],
    ["GET /v1/shelves/%zz", [400, "malformed_url", 'the URL holds a malformed percent escape: "%zz"', []]],
    ["GET /v1/files/a/%ff", [400, "malformed_url", 'the URL holds a malformed percent escape: "a/%ff"', []]],
    ["PUT /v1/sink/t/x/leaves/l/1", field("int64_value", 'expected a 64-bit integer, got "x"')],
    [
      "PUT /v1/sink/t/1/leaves/l/RED",
      field("color", 'expected one of COLOR_UNSPECIFIED, COLOR_RED, COLOR_BLUE, got "RED"'),
    ],
    [
      "PUT /v1/sink/t/1/leaves/l/1?text=x",
      [400, "invalid_field", 'query parameter "text" is set by the path', ["text"]],
    ],
    [
      "PUT /v1/sink/t/1/leaves/l/1?nested.leaf.id=x",
      [400, "invalid_field", 'query parameter "nested.leaf.id" is set by the path', ["nested.leaf.id"]],
    ],
    [
      "PUT /v1/sink/t/1/leaves/l/1?child.id=x",
      [400, "invalid_field", 'query parameter "child.id" belongs in the body', ["child.id"]],
    ],
    ["POST /v1/sink?text=x", [400, "invalid_field", 'query parameter "text" belongs in the body', ["text"]]],
  ])("%s", async (line, expected) => {
    expect(await refused(line)).toEqual(expected);
  });
});

describe("a wrong body is refused where it is wrong", () => {
  test.each<[unknown, unknown]>([
    ["{", malformed("expected a key in double quotes, but the text ends at line 1, column 2")],
    ['{"text":}', malformed("expected a value at line 1, column 9")],
    ['{"text":"a",}', malformed("expected a key in double quotes at line 1, column 13")],
    ['{\n  "text": "a"\n  "flag": true\n}', malformed('expected "," or "}" at line 3, column 3')],
    ["{'text':1}", malformed("expected a key in double quotes at line 1, column 2")],
    ['{"text":"a\nb"}', malformed("expected the string to go on and to be closed at line 1, column 11")],
    ['{"text":01}', malformed('expected "," or "}" at line 1, column 10')],
    ['{"text":NaN}', malformed("expected a value at line 1, column 9")],
    ["{} {}", malformed("expected the end of the text at line 1, column 4")],
    ["\u0000", malformed("expected a value at line 1, column 1")],
    [
      '{"text":"a","text":"b"}',
      [
        400,
        "malformed_json",
        'the body is not valid JSON: the key "text" is given twice at line 1, column 13',
        ["text"],
      ],
    ],
    [
      '{"nested":{"label":"a","lab\\u0065l":"b"}}',
      [
        400,
        "malformed_json",
        'the body is not valid JSON: the key "label" is given twice at line 1, column 24',
        ["label"],
      ],
    ],
    [new Uint8Array([0x7b, 0xff, 0x7d]), [400, "malformed_json", "the body is not UTF-8", []]],
    ["[]", [400, "invalid_field", "the body: expected an object, got an array", [""]]],
    ['"x"', [400, "invalid_field", "the body: expected an object, got a string", [""]]],
    ["null", [400, "invalid_field", "the body: expected an object, got null", [""]]],
    [{ nope: 1 }, unknown("nope")],
    ['{"__proto__":{"text":"x"}}', unknown("__proto__")],
    [{ constructor: 1 }, unknown("constructor")],
    [{ nested: { leaf: { nope: 1 } } }, unknown("nested.leaf.nope")],
    [{ children: [{}, { nope: 1 }] }, unknown("children[1].nope")],
    [{ leaves: { 7: { nope: 1 } } }, unknown('leaves["7"].nope')],
    [{ text: 1 }, field("text", "expected string, got 1")],
    [{ flag: "true" }, field("flag", 'expected boolean, got "true"')],
    [{ int32Value: 1.5 }, field("int32Value", "expected number (int32), got 1.5")],
    [{ int64Value: "x" }, field("int64Value", "expected integer (int64): x out of range")],
    [{ int32Value: 2147483648 }, field("int32Value", "expected number (int32): 2147483648 out of range")],
    [{ uint32Value: -1 }, field("uint32Value", "expected number (uint32): -1 out of range")],
    [{ color: "RED" }, field("color", 'no such value: "RED"')],
    [{ texts: "a" }, field("texts", "expected an array, got a string")],
    [{ texts: ["a", 1] }, field("texts[1]", "expected string, got 1")],
    [{ labels: [] }, field("labels", "expected an object, got an array")],
    [{ labels: { a: 1 } }, field('labels["a"]', "expected string, got 1")],
    [{ leaves: { x: {} } }, field('leaves["x"]', anything)],
    [{ nested: "x" }, field("nested", "expected an object, got a string")],
    [{ nested: { leaf: { weight: "heavy" } } }, field("nested.leaf.weight", 'expected number (int32), got "heavy"')],
    [{ time: "yesterday" }, field("time", "invalid RFC 3339 string")],
    [{ any: { "@type": "type.googleapis.com/nope.Nope" } }, field("any", anything)],
    [
      { choiceText: "a", choiceNumber: "1" },
      [400, "invalid_field", "the body: oneof set multiple times by choice_text and choice_number", [""]],
    ],
    [{ int32Value: 1, int32_value: 2 }, [400, "invalid_field", "the body: set multiple times", [""]]],
    [`{"value":${"[".repeat(400)}${"]".repeat(400)}}`, field("value", "maximum recursion depth of 100 reached")],
    [`${'{"nested":'.repeat(8)}${'{"again":'.repeat(60)}`, malformed(anything)],
  ])("%j", async (body, expected) => {
    expect(await refused("POST /v1/sink", { body })).toEqual(expected);
  });

  test("a body that contradicts the path", async () => {
    expect(await refused("POST /v1/deep/a/b:dig", { body: { text: "c" } })).toEqual(
      field("text", "the body says otherwise than the path"),
    );
  });
  test("a body that is one field cannot smuggle in another", async () => {
    const smuggled = await refused("PATCH /v1/sink/t", { body: '[{"id":"a"}],"flag":true' });
    expect(smuggled).toEqual(malformed("expected the end of the text at line 1, column 13"));
  });
  test("a field in a body that is one field is named from the message, as validation names it", async () => {
    expect(await refused("PATCH /v1/sink/t", { body: [{}, { weight: "x" }] })).toEqual(
      field("children[1].weight", 'expected number (int32), got "x"'),
    );
  });
  test("a body where none is expected", async () => {
    expect(await refused("GET /v1/shelves/a", { body: { x: 1 } })).toEqual([
      400,
      "body_unexpected",
      "GET /v1/shelves/{shelf} takes no body",
      [],
    ]);
  });
  test("a body over the limit, announced or not", async () => {
    const tooLarge = [413, "body_too_large", "the body is larger than 1000 bytes", []];
    expect(await refused("POST /v1/sink", { body: { text: "x".repeat(1000) } })).toEqual(tooLarge);
    expect(await refused("POST /v1/sink", { headers: { "content-length": "1001" }, body: "{}" })).toEqual(tooLarge);
  });
});

describe("content types", () => {
  test.each([
    ["application/json", 200],
    ["application/json; charset=utf-8", 200],
    ['Application/JSON;charset="UTF-8"', 200],
    ["application/merge-patch+json", 200],
    ["application/x-www-form-urlencoded", 415],
    ["text/plain", 415],
    ["application/jsonx", 415],
    ["application/json; charset=latin1", 415],
    ["application/proto", 415],
  ])("%s -> %i", async (type, status) => {
    expect((await call(kitchen, "POST /v1/sink", { body: "{}", headers: { "content-type": type } })).status).toBe(
      status,
    );
  });
  test("a compressed body is refused rather than misread", async () => {
    const answer = await refused("POST /v1/sink", { body: "{}", headers: { "content-encoding": "gzip" } });
    expect(answer).toEqual([415, "unsupported_media_type", 'content encoding "gzip" is not supported', []]);
  });
});

describe("a malformed deadline is refused", () => {
  test.each([
    ["connect-timeout-ms", "1.5"],
    ["connect-timeout-ms", "-1"],
    ["grpc-timeout", "5"],
    ["grpc-timeout", "5x"],
    ["request-timeout", "5s"],
    ["request-timeout", "soon"],
  ])("%s: %s", async (header, value) => {
    const answer = await refused("GET /v1/shelves/a", { headers: { [header]: value } });
    expect(answer).toEqual([400, "malformed_timeout", `header ${header} is malformed: "${value}"`, []]);
  });
});
