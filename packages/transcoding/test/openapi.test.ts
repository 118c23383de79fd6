import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createFileRegistry, fromBinary, type JsonValue, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  collectComments,
  createOpenApiDocument,
  type OpenApiDocument,
  type OpenApiDocumentOptions,
} from "../src/index.ts";
import { messageArbitrary } from "./arbitrary.ts";
import { LibraryService } from "./gen/kitchen/v1/library_pb.ts";
import { SinkSchema, SinkService } from "./gen/kitchen/v1/sink_pb.ts";

const folder = fileURLToPath(new URL("..", import.meta.url));
const buf = fileURLToPath(new URL("../../../node_modules/.bin/buf", import.meta.url));
const descriptors = (...options: readonly string[]) =>
  fromBinary(
    FileDescriptorSetSchema,
    execFileSync(buf, ["build", "test/proto", "-o", "-", "--as-file-descriptor-set", ...options], { cwd: folder }),
  );
const sources = descriptors("--exclude-imports");

const build = (options: Partial<OpenApiDocumentOptions> = {}): OpenApiDocument =>
  createOpenApiDocument({
    services: [LibraryService, SinkService],
    info: { title: "Kitchen", version: "1" },
    ...options,
  });

const document = build({ sources });

interface Operation {
  readonly operationId: string;
  readonly tags: string[];
  readonly summary?: string;
  readonly description?: string;
  readonly deprecated?: boolean;
  readonly security?: JsonValue;
  readonly parameters?: { name: string; in: string; required?: boolean; description?: string; schema: JsonValue }[];
  readonly requestBody?: { required?: boolean; content: Record<string, { schema: JsonValue }> };
  readonly responses: Record<string, { content: Record<string, { schema: JsonValue }> }>;
}
const operation = (line: string, of = document): Operation => {
  const [method = "", path = ""] = line.split(" ");
  return of.paths[path]?.[method.toLowerCase()] as unknown as Operation;
};
const schema = (name: string) =>
  document.components.schemas[name] as { properties: Record<string, JsonValue> } & Record<string, JsonValue>;
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

describe("the document is valid OpenAPI 3.1", () => {
  const bearer = { bearer: [] };
  test.each<[string, Partial<OpenApiDocumentOptions>]>([
    ["plain", {}],
    ["with comments", { sources }],
    ["with proto names and numeric enums", { json: { useProtoFieldName: true, enumAsInteger: true } }],
    [
      "with everything",
      {
        sources,
        basePath: "/api",
        servers: [{ url: "https://shop.example", description: "The shop" }],
        security: {
          schemes: { bearer: { type: "http", scheme: "bearer" } },
          of: ({ name }) => (name === "GetShelf" ? [] : [bearer]),
        },
        envelope: {
          response: (data) => ({ type: "object", properties: { code: { const: 0 }, data } }),
          error: { type: "object" },
          status: () => 201,
        },
        errors: () => ({ "4XX": { description: "Yours." }, "500": { description: "Ours." } }),
        parameters: () => [{ name: "Idempotency-Key", in: "header", schema: { type: "string" } }],
      },
    ],
  ])("%s", async (_name, options) => {
    expect(await new Validator().validate(build(options) as never)).toEqual({ valid: true });
  });

  test("every reference leads somewhere", () => {
    const refs = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name = ""]) => name,
    );
    expect(refs.filter((name) => document.components.schemas[name] === undefined)).toEqual([]);
  });
});

test("every route is there once, wildcards spelled out, but for methods that OpenAPI does not have", () => {
  const lines = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method} ${path}`),
  );
  expect(lines).toEqual([
    "get /v1/shelves/{shelf}",
    "post /v1/shelves/search",
    "get /v1/shelves/{shelf}/books/{book}",
    "patch /v1/shelves/{shelf}/books/{book}",
    "delete /v1/shelves/{shelf}/books/{book}",
    "get /v1/books:lookup",
    "get /v1/shelves/{shelf}/books",
    "post /v1/shelves/{shelf}/books",
    "post /v1/books",
    "post /v1/shelves/{shelf}/books/{book}:lend",
    "get /v1/shelves/{shelf}:watch",
    "get /v1/shelves/{shelf}/books/{book}/content",
    "put /v1/shelves/{shelf}/books/{book}/content",
    "get /v1/files/{path}",
    "get /v1/shelves/{shelf}:export",
    "get /v1/sink",
    "post /v1/sink",
    "put /v1/sink/{text}/{int64_value}/leaves/{leaf}/{color}",
    "post /v1/deep/{text}:dig",
    "patch /v1/sink/{text}",
    "put /v1/sink/{text}/int32",
  ]);
});

test("operation ids are unique, tags are the services", () => {
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item)) as unknown as Operation[];
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(operation("GET /v1/books:lookup").operationId).toBe("LibraryService_GetBook_2");
  expect(new Set(operations.flatMap(({ tags }) => tags))).toEqual(new Set(["LibraryService", "SinkService"]));
  expect(document.tags[0]).toEqual({ name: "LibraryService", description: "Books on shelves." });
});

describe("an operation", () => {
  test("has its comment as summary and description", () => {
    const { summary, description } = operation("GET /v1/shelves/{shelf}");
    expect([summary, description]).toEqual(["Gets one shelf.", "Fails with not_found when nobody built it."]);
    expect(operation("GET /v1/shelves/{shelf}", build()).summary).toBeUndefined();
  });
  test("has the same from comments that were collected before", () => {
    const own = new Set(sources.file.map(({ name }) => name));
    const files = [...createFileRegistry(descriptors()).files].filter(({ proto }) => own.has(proto.name));
    const comments = collectComments(files);
    expect(comments["kitchen.v1.LibraryService"]).toBe("Books on shelves.");
    expect(build({ comments })).toEqual(document);
  });
  test.each([
    ["One. Two of it.\nThree.", "One.", "Two of it. Three."],
    ["Up to 2.5 seconds, e.g. one.", "Up to 2.5 seconds, e.g. one.", undefined],
    ["No end\n\nMore.", "No end", "More."],
    ["\n\nErrors: a.b.", undefined, "Errors: a.b."],
  ])("has the first sentence as summary: %j", (comment, summary, description) => {
    const told = operation(
      "GET /v1/shelves/{shelf}",
      build({ comments: { "kitchen.v1.LibraryService.GetShelf": comment } }),
    );
    expect([told.summary, told.description]).toEqual([summary, description]);
  });
  test("takes what path and body leave over from the query, nested fields by dotted path", () => {
    const { parameters = [] } = operation("GET /v1/shelves/{shelf}/books");
    expect(parameters.map(({ name, in: place }) => `${place} ${name}`)).toEqual([
      "path shelf",
      "query pageSize",
      "query pageToken",
      "query genres",
      "query filter.titlePrefix",
      "query filter.printedAfter",
    ]);
    expect(parameters[1]?.schema).toEqual({ type: "integer", format: "int32", minimum: 0, maximum: 100 });
    expect(parameters[3]?.schema).toEqual({ type: "array", items: ref("kitchen.v1.Genre") });
  });
  test("describes path parameters by their field", () => {
    const { parameters = [] } = operation("PUT /v1/sink/{text}/{int64_value}/leaves/{leaf}/{color}");
    const inPath = parameters.filter((one) => one.in === "path");
    expect(inPath.map(({ name, schema: own, description }) => [name, own, description])).toEqual([
      ["text", { type: "string" }, undefined],
      ["int64_value", { type: "string", format: "int64", pattern: "^-?[0-9]+$" }, undefined],
      ["leaf", { type: "string" }, "One segment of the field `nested.leaf.id`."],
      ["color", ref("kitchen.v1.Color"), undefined],
    ]);
    expect(operation("GET /v1/files/{path}").parameters?.[0]?.description).toBe("May hold slashes.");
  });
  test.each([
    ["POST /v1/shelves/search", ref("kitchen.v1.SearchShelvesRequest")],
    ["POST /v1/shelves/{shelf}/books", ref("kitchen.v1.Book")],
    ["PATCH /v1/sink/{text}", { type: "array", items: ref("kitchen.v1.Leaf") }],
    ["PUT /v1/sink/{text}/int32", { type: "integer", format: "int32" }],
    ["POST /v1/shelves/{shelf}/books/{book}:lend", { type: "object", properties: { reader: { type: "string" } } }],
  ])("%s takes its body", (line, expected) => {
    expect(operation(line).requestBody?.content["application/json"]?.schema).toEqual(expected);
  });
  test("says whether its body is required", () => {
    expect(operation("POST /v1/shelves/{shelf}/books").requestBody?.required).toBe(true);
    expect(operation("POST /v1/deep/{text}:dig").requestBody?.required).toBeUndefined();
  });
  test.each([
    ["GET /v1/shelves/{shelf}", "application/json", ref("kitchen.v1.Shelf")],
    ["GET /v1/shelves/{shelf}/books", "application/json", { type: "array", items: ref("kitchen.v1.Book") }],
    ["DELETE /v1/shelves/{shelf}/books/{book}", "application/json", { type: "object" }],
    [
      "GET /v1/shelves/{shelf}:watch",
      "application/x-ndjson",
      { type: "object", properties: { result: ref("kitchen.v1.Book") }, required: ["result"] },
    ],
    [
      "GET /v1/shelves/{shelf}:watch",
      "text/event-stream",
      { type: "object", properties: { result: ref("kitchen.v1.Book") }, required: ["result"] },
    ],
    ["GET /v1/shelves/{shelf}/books/{book}/content", "*/*", undefined],
    ["GET /v1/shelves/{shelf}:export", "*/*", undefined],
  ])("%s answers %s", (line, type, expected) => {
    const { content } = operation(line).responses["200"] ?? { content: {} };
    expect(Object.keys(content)).toContain(type);
    expect(content[type]?.schema).toEqual(expected);
  });
  test("is deprecated when its method is", () => {
    expect(operation("DELETE /v1/shelves/{shelf}/books/{book}").deprecated).toBe(true);
  });
  test("wears the envelope, asks for its security, has its errors and headers", () => {
    const own = build({
      security: {
        schemes: { bearer: { type: "http", scheme: "bearer" } },
        of: ({ name }) => (name === "GetShelf" ? [] : [{ bearer: [] }]),
      },
      envelope: {
        response: (data) => ({ type: "object", properties: { data } }),
        error: { type: "string" },
        status: ({ httpMethod }) => (httpMethod === "POST" ? 201 : 200),
      },
      errors: () => ({ "404": { description: "Not there." } }),
      parameters: ({ httpMethod }) =>
        httpMethod === "POST" ? [{ name: "Idempotency-Key", in: "header", schema: { type: "string" } }] : [],
    });
    const created = operation("POST /v1/books", own);
    expect(created.responses["201"]?.content["application/json"]?.schema).toEqual({
      type: "object",
      properties: { data: ref("kitchen.v1.Book") },
    });
    expect(created.responses["404"]?.content["application/json"]?.schema).toEqual(ref("Error"));
    expect(created.parameters?.map(({ name }) => name)).toEqual(["Idempotency-Key"]);
    expect(created.security).toEqual([{ bearer: [] }]);
    expect(operation("GET /v1/shelves/{shelf}", own).security).toEqual([]);
    expect(own.components.schemas["Error"]).toEqual({ type: "string" });
  });
});

describe("a schema", () => {
  test("is proto JSON", () => {
    expect(schema("kitchen.v1.Sink").properties).toMatchObject({
      text: { type: "string" },
      flag: { type: "boolean" },
      int32Value: { type: "integer", format: "int32" },
      uint32Value: { type: "integer", format: "uint32", minimum: 0 },
      int64Value: { type: "string", format: "int64" },
      fixed64Value: { type: "string", format: "uint64" },
      doubleValue: { type: "number", format: "double" },
      bytesValue: { type: "string", contentEncoding: "base64" },
      color: ref("kitchen.v1.Color"),
      texts: { type: "array", items: { type: "string" } },
      times: { type: "array", items: { type: "string", format: "date-time" } },
      time: { type: "string", format: "date-time" },
      duration: { type: "string" },
      mask: { type: "string" },
      stringWrapper: { type: ["string", "null"] },
      int64Wrapper: { type: ["string", "null"], format: "int64" },
      boolWrapper: { type: ["boolean", "null"] },
      nested: ref("kitchen.v1.Nested"),
      children: { type: "array", items: ref("kitchen.v1.Leaf") },
      labels: { type: "object", additionalProperties: { type: "string" } },
      leaves: {
        type: "object",
        additionalProperties: ref("kitchen.v1.Leaf"),
        propertyNames: { pattern: "^-?[0-9]+$" },
      },
      struct: { type: "object", additionalProperties: true },
      any: { type: "object", required: ["@type"] },
      value: {},
      otherName: { type: "string" },
    });
    expect(schema("kitchen.v1.Color")).toEqual({
      type: "string",
      enum: ["COLOR_UNSPECIFIED", "COLOR_RED", "COLOR_BLUE"],
    });
  });
  test("may be recursive", () => {
    expect(schema("kitchen.v1.Nested").properties["again"]).toEqual(ref("kitchen.v1.Nested"));
  });
  test("tells enum values, comments and deprecation", () => {
    expect(schema("kitchen.v1.Genre")["description"]).toBe(
      "- `GENRE_FICTION`: Made up.\n- `GENRE_SCIENCE`: Deprecated.",
    );
    expect(schema("kitchen.v1.Shelf")).toMatchObject({
      description: "A shelf of the library.",
      properties: { shelf: { description: "Its number." } },
    });
    expect(schema("kitchen.v1.Book").properties["isbn"]).toMatchObject({ deprecated: true });
  });
  test("carries the rules of protovalidate", () => {
    expect(schema("kitchen.v1.Book").properties).toMatchObject({
      name: { maxLength: 200 },
      title: { minLength: 1, maxLength: 100, description: "What is printed on it." },
      copies: { type: "string", description: "Range: >= 0, <= 1000." },
      tags: { minItems: 1, maxItems: 5, uniqueItems: true, items: { type: "string", pattern: "^[a-z]+$" } },
      labels: { maxProperties: 10 },
      imageUrl: { format: "uri" },
      pages: { exclusiveMinimum: 0, exclusiveMaximum: 10000 },
      id: { format: "uuid" },
      currency: { enum: ["EUR", "USD"] },
    });
  });
  test("carries google.api.field_behavior, rules in CEL as text, and makes room for a zero that the rules ignore", () => {
    expect(schema("kitchen.v1.SearchShelvesRequest")).toEqual({
      type: "object",
      description: "Rules: theme and code exclude each other.",
      properties: {
        theme: { type: "string" },
        code: { type: "string", maxLength: 5, pattern: "^$|^S-", writeOnly: true },
        hits: { type: "integer", format: "int32", exclusiveMinimum: 0, readOnly: true },
      },
      required: ["theme", "hits"],
    });
  });
  test("requires what is required, and what must not be left at its zero", () => {
    expect(schema("kitchen.v1.Book")["required"]).toEqual(["name", "title", "tags", "currency"]);
  });
  test("allows one member of a oneof, and none where it is not required", () => {
    expect(schema("kitchen.v1.Book")["allOf"]).toEqual([
      { oneOf: [{ required: ["imageUrl"] }, { required: ["image"] }] },
    ]);
    const choice = [{ required: ["choiceText"] }, { required: ["choiceNumber"] }, { required: ["choiceLeaf"] }];
    expect(schema("kitchen.v1.Sink")["allOf"]).toEqual([{ oneOf: [...choice, { not: { anyOf: choice } }] }]);
  });
});

describe("what a server sends fits the schema", () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  // AJV knows the formats of JSON Schema; the ranges of numbers it leaves to us.
  for (const name of ["int32", "uint32", "int64", "uint64", "float", "double"]) ajv.addFormat(name, true);
  ajv.addSchema({ $id: "https://kitchen.test/", components: document.components as unknown as JsonValue });
  const fits = (name: string) => {
    const check = ajv.getSchema(`https://kitchen.test/#/components/schemas/${name}`);
    if (check === undefined) throw new Error(`no schema ${name}`);
    return (value: JsonValue) => check(value) || ajv.errorsText(check.errors);
  };
  const finite = (value: JsonValue): boolean =>
    !JSON.stringify(value, (_key, one) =>
      typeof one === "string" && /^(NaN|-?Infinity)$/.test(one) ? "\u0007" : one,
    ).includes("\\u0007");
  const named = (value: JsonValue): boolean =>
    !/"(color|colors|genre)":\[?-?\d/.test(JSON.stringify(value)) && !/"colors":\[[^\]]*\d/.test(JSON.stringify(value));

  test.each([true, false])("any message without rules (alwaysEmitImplicit: %s)", (alwaysEmitImplicit) => {
    const check = fits("kitchen.v1.Sink");
    const sinks = messageArbitrary(SinkSchema, { without: ({ name }) => ["any", "struct", "value"].includes(name) });
    fc.assert(
      fc.property(sinks, (message) => {
        const json = toJson(SinkSchema, message as never, { alwaysEmitImplicit });
        fc.pre(finite(json) && named(json));
        expect(check(json)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("a message that breaks its rules does not", () => {
    const check = fits("kitchen.v1.Book");
    const good = { name: "n", title: "t", tags: ["a"], currency: "EUR", imageUrl: "https://a.b" };
    expect(check(good)).toBe(true);
    const wrongs: readonly Record<string, JsonValue>[] = [
      { title: "" },
      { tags: [] },
      { tags: ["a", "a"] },
      { tags: ["A"] },
      { currency: "GBP" },
      { image: "AA==" },
      { pages: 0 },
      { id: "x" },
      { copies: 3 },
      { genre: "NONE" },
      { printedTime: "yesterday" },
    ];
    for (const wrong of wrongs) {
      expect(check({ ...good, ...wrong }), JSON.stringify(wrong)).not.toBe(true);
    }
  });
});
