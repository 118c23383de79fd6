import { describe, expect, test } from "vitest";
import { createRouteTrie } from "../src/route-trie.ts";
import { parseTemplate } from "../src/template.ts";

const build = (lines: readonly string[]) => {
  const trie = createRouteTrie<string>();
  for (const line of lines) {
    const [method = "", template = ""] = line.split(" ");
    trie.insert(method, parseTemplate(template), line);
  }
  return trie;
};

const trie = build([
  "GET /",
  "GET /v1/orders",
  "POST /v1/orders",
  "GET /v1/orders/{id}",
  "DELETE /v1/orders/{id}",
  "POST /v1/orders/search",
  "POST /v1/orders/{id}:cancel",
  "POST /v1/orders:batchGet",
  "GET /v1/orders/{id}/lines/{line}",
  "GET /v1/orders/{id}/lines/first",
  "GET /v1/orders/special/lines/{line}",
  "GET /v1/{name=shelves/*/books/*}",
  "GET /v1/files/**",
  "GET /v1/files/{a}/meta",
  "POST /v1/files/{path=**}:purge",
  "* /v1/any/{x}",
  "GET /v1/a%20b",
]);

describe("the most specific route wins", () => {
  test.each([
    ["GET /", "GET /"],
    ["GET /v1/orders", "GET /v1/orders"],
    ["POST /v1/orders", "POST /v1/orders"],
    ["GET /v1/orders/7", "GET /v1/orders/{id}"],
    ["POST /v1/orders/search", "POST /v1/orders/search"],
    ["GET /v1/orders/search", "GET /v1/orders/{id}"],
    ["DELETE /v1/orders/search", "DELETE /v1/orders/{id}"],
    ["POST /v1/orders/7:cancel", "POST /v1/orders/{id}:cancel"],
    ["POST /v1/orders/search:cancel", "POST /v1/orders/{id}:cancel"],
    ["GET /v1/orders/7:cancel", "GET /v1/orders/{id}"],
    ["GET /v1/orders/7:unknown", "GET /v1/orders/{id}"],
    ["GET /v1/orders/:cancel", "GET /v1/orders/{id}"],
    ["POST /v1/orders:batchGet", "POST /v1/orders:batchGet"],
    ["GET /v1/orders/7/lines/2", "GET /v1/orders/{id}/lines/{line}"],
    ["GET /v1/orders/7/lines/first", "GET /v1/orders/{id}/lines/first"],
    ["GET /v1/orders/special/lines/2", "GET /v1/orders/special/lines/{line}"],
    ["GET /v1/orders/special/lines/first", "GET /v1/orders/special/lines/{line}"],
    ["GET /v1/shelves/a/books/b", "GET /v1/{name=shelves/*/books/*}"],
    ["GET /v1/files", "GET /v1/files/**"],
    ["GET /v1/files/", "GET /v1/files/**"],
    ["GET /v1/files/a", "GET /v1/files/**"],
    ["GET /v1/files/a/meta", "GET /v1/files/{a}/meta"],
    ["GET /v1/files/a/b/meta", "GET /v1/files/**"],
    ["GET /v1/files/a//b", "GET /v1/files/**"],
    ["POST /v1/files/a/b:purge", "POST /v1/files/{path=**}:purge"],
    ["PATCH /v1/any/1", "* /v1/any/{x}"],
    ["GET /v1/%6Frders", "GET /v1/orders"],
    ["GET /v1/a%20b", "GET /v1/a%20b"],
    ["GET /v1/orders/a%2Fb", "GET /v1/orders/{id}"],
    ["GET /v1/orders/%zz", "GET /v1/orders/{id}"],
  ])("%s -> %s", (request, expected) => {
    const [method = "", path = ""] = request.split(" ");
    expect(trie.find(method, path)?.route).toBe(expected);
  });
});

describe("what is no route is not found", () => {
  test.each([
    "",
    "v1/orders",
    "/v1",
    "/v1/",
    "/v1/orders/",
    "/v1/orders//lines/1",
    "/v2/orders",
    "/v1/orders/7/lines",
    "/v1/Orders",
    "//v1/orders",
  ])('"%s"', (path) => {
    expect(trie.find("GET", path)).toBeUndefined();
    expect(trie.methodsAt(path)).toEqual([]);
  });
});

test.each([
  ["/v1/orders", ["GET", "POST"]],
  ["/v1/orders/search", ["DELETE", "GET", "POST"]],
  ["/v1/orders/7:cancel", ["DELETE", "GET", "POST"]],
  ["/v1/any/1", ["*"]],
])("the methods at %s are those of every route that fits", (path, methods) => {
  expect(trie.methodsAt(path)).toEqual(methods);
});

test.each([
  ["GET /v1/a/{b}", "GET /v1/a/{c}", true],
  ["GET /v1/a/{b}", "GET /v1/{c=a/*}", true],
  ["GET /v1/a/**", "GET /v1/{c=a/**}", true],
  ["GET /v1/a:x", "GET /v1/a:x", true],
  ["GET /v1/a/{b}", "POST /v1/a/{b}", false],
  ["GET /v1/a/{b}", "GET /v1/a/b", false],
  ["GET /v1/a/{b}", "GET /v1/a/**", false],
  ["GET /v1/a/{b}", "GET /v1/a/{b}:x", false],
  ["GET /v1/a", "* /v1/a", false],
])("%s and %s want the same place: %s", (first, second, taken) => {
  const shared = build([first]);
  const [method = "", template = ""] = second.split(" ");
  expect(shared.insert(method, parseTemplate(template), second)).toBe(taken ? first : undefined);
});

test("captures are the raw texts of the segments", () => {
  const found = trie.find("GET", "/v1/orders/a%2Fb/lines/2");
  expect(found?.starts.map((start, index) => "/v1/orders/a%2Fb/lines/2".slice(start, found.ends[index]))).toEqual([
    "v1",
    "orders",
    "a%2Fb",
    "lines",
    "2",
  ]);
});
