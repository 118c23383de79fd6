import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { HttpRuleSchema } from "../src/gen/google/api/http_pb.ts";
import { createRestRouter, type RouteOptions, TranscodingConfigurationError } from "../src/index.ts";
import { LibraryService } from "./gen/kitchen/v1/library_pb.ts";

type Rule = MessageInitShape<typeof HttpRuleSchema>;

const rule = (method: string, init: Rule) =>
  create(HttpRuleSchema, { selector: `kitchen.v1.LibraryService.${method}`, ...init });
const get = (value: string) => ({ case: "get" as const, value });
const post = (value: string) => ({ case: "post" as const, value });
const build = (options: RouteOptions = {}) => createRestRouter([LibraryService], options);

test("routes come from the annotations, additional bindings included, of whichever generated copy", () => {
  expect(
    build().routes.map(
      ({ httpMethod, pathTemplate, method, bindingIndex }) =>
        `${method.name}.${bindingIndex} ${httpMethod} ${pathTemplate}`,
    ),
  ).toEqual([
    "GetShelf.0 GET /v1/shelves/{shelf}",
    "SearchShelves.0 POST /v1/shelves/search",
    "GetBook.0 GET /v1/{name=shelves/*/books/*}",
    "GetBook.1 GET /v1/books:lookup",
    "ListBooks.0 GET /v1/{parent=shelves/*}/books",
    "CreateBook.0 POST /v1/{parent=shelves/*}/books",
    "CreateBook.1 POST /v1/books",
    "UpdateBook.0 PATCH /v1/{book.name=shelves/*/books/*}",
    "DeleteBook.0 DELETE /v1/{name=shelves/*/books/*}",
    "LendBook.0 POST /v1/{name=shelves/*/books/*}:lend",
    "WatchShelf.0 GET /v1/shelves/{shelf}:watch",
    "DownloadBook.0 GET /v1/{name=shelves/*/books/*}/content",
    "UploadBook.0 PUT /v1/{name=shelves/*/books/*}/content",
    "GetFile.0 GET /v1/files/{path=**}",
    "Anything.0 * /v1/anything/{path}",
    "Purge.0 PURGE /v1/cache/{path}",
    "ExportShelf.0 GET /v1/shelves/{shelf}:export",
  ]);
});

test("an explicit rule replaces the annotation, and exposes a method without one", () => {
  const { routes } = build({
    rules: [rule("GetShelf", { pattern: get("/v2/shelves/{shelf}") }), rule("Internal", { pattern: get("/internal") })],
  });
  expect(
    routes
      .filter(({ method }) => ["GetShelf", "Internal"].includes(method.name))
      .map(({ pathTemplate }) => pathTemplate),
  ).toEqual(["/v2/shelves/{shelf}", "/internal"]);
});

test("include decides which methods are exposed", () => {
  expect(
    build({ include: (method) => !method.deprecated }).routes.some(({ method }) => method.name === "DeleteBook"),
  ).toBe(false);
});

test("a base path stands in front of every template", () => {
  const router = build({ basePath: "/api/library" });
  expect(router.match("GET", "/api/library/v1/shelves/a").kind).toBe("route");
  expect(router.match("GET", "/v1/shelves/a").kind).toBe("not_found");
});

describe("match", () => {
  const router = build();
  test.each([
    ["GET", "/v1/shelves/a", "GetShelf", ["a"]],
    ["GET", "/v1/shelves/a%2Fb", "GetShelf", ["a%2Fb"]],
    ["HEAD", "/v1/shelves/a", "GetShelf", ["a"]],
    ["GET", "/v1/shelves/a:watch", "WatchShelf", ["a"]],
    ["GET", "/v1/shelves/a/books/b", "GetBook", ["shelves/a/books/b"]],
    ["POST", "/v1/shelves/a/books/b:lend", "LendBook", ["shelves/a/books/b"]],
    ["GET", "/v1/shelves/a/books", "ListBooks", ["shelves/a"]],
    ["GET", "/v1/files/", "GetFile", [""]],
    ["GET", "/v1/files", "GetFile", [""]],
    ["PURGE", "/v1/cache/x", "Purge", ["x"]],
    ["TRACE", "/v1/anything/x", "Anything", ["x"]],
  ])("%s %s -> %s %j", (method, path, name, captures) => {
    const found = router.match(method, path);
    expect(found.kind === "route" && [found.route.method.name, found.captures]).toEqual([name, captures]);
  });
  test.each([
    ["DELETE", "/v1/shelves/a", ["GET", "HEAD", "OPTIONS"]],
    ["PUT", "/v1/shelves/search", ["GET", "HEAD", "OPTIONS", "POST"]],
    ["GET", "/v1/cache/x", ["OPTIONS", "PURGE"]],
    ["get", "/v1/shelves/a", ["GET", "HEAD", "OPTIONS"]],
  ])("%s %s -> allowed are %j", (method, path, allow) => {
    expect(router.match(method, path)).toEqual({ kind: "method_not_allowed", allow });
  });
});

describe("a broken rule is refused when building, with its method and the reason", () => {
  const lent = 'kitchen.v1.LibraryService.LendBook "POST /x/{name}"';
  test.each<[Rule & { method: string }, string]>([
    [
      { method: "LendBook", pattern: get("/x/{nope}") },
      'kitchen.v1.LibraryService.LendBook "GET /x/{nope}": kitchen.v1.LendBookRequest has no field "nope"',
    ],
    [{ method: "LendBook", pattern: get("/x/{name.first}") }, 'has no field "name.first"'],
    [{ method: "LendBook", pattern: get("/x/{name") }, 'expected "}" at character 9'],
    [{ method: "LendBook", pattern: get("x") }, 'expected "/" at character 1'],
    [
      { method: "LendBook", pattern: post("/x/{name}"), body: "nope" },
      `${lent}: body: kitchen.v1.LendBookRequest has no field "nope"`,
    ],
    [
      { method: "LendBook", pattern: post("/x/{name}"), body: "name" },
      `${lent}: field "name" is bound both to the path and to the body`,
    ],
    [
      { method: "LendBook", pattern: post("/x/{name}"), responseBody: "nope" },
      'response_body: kitchen.v1.Book has no field "nope"',
    ],
    [{ method: "LendBook", pattern: get("/x/{name}"), body: "*" }, 'GET has no body, but the rule says body: "*"'],
    [
      { method: "ListBooks", pattern: get("/x/{genres}") },
      'field "genres" is no single value, so it cannot stand in a path',
    ],
    [
      { method: "ListBooks", pattern: get("/x/{filter}") },
      'field "filter" is no single value, so it cannot stand in a path',
    ],
    [
      { method: "LendBook", pattern: { case: "custom", value: { kind: "A B", path: "/x" } } },
      '"A B" is no HTTP method',
    ],
  ])("%j", ({ method, ...init }, message) => {
    expect(() => build({ rules: [rule(method, init)] })).toThrow(TranscodingConfigurationError);
    expect(() => build({ rules: [rule(method, init)] })).toThrow(message);
  });

  test("a selector that no method has", () => {
    expect(() => build({ rules: [rule("Nope", { pattern: get("/x") })] })).toThrow(
      'rule for "kitchen.v1.LibraryService.Nope": no such method',
    );
  });
  test("a base path that is none", () => {
    expect(() => build({ basePath: "api/" })).toThrow('basePath "api/" must look like "/api"');
  });
});

test("two methods that want the same place are refused, both named", () => {
  const rules = [rule("Internal", { pattern: get("/v1/shelves/{theme=*}") })];
  expect(() => build({ rules: [rule("Internal", { pattern: get("/v1/shelves/{shelf=*}") })] })).toThrow(
    'two methods want GET /v1/shelves/{shelf=*}: kitchen.v1.LibraryService.GetShelf ("/v1/shelves/{shelf}") and kitchen.v1.LibraryService.Internal',
  );
  expect(() => build({ rules })).toThrow('has no field "theme"');
});
