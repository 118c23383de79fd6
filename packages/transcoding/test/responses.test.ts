import { createRegistry } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { httpStatusOf } from "../src/index.ts";
import { LeafSchema } from "./gen/kitchen/v1/sink_pb.ts";
import { book, call, createKitchen } from "./kitchen.ts";

const kitchen = createKitchen();

describe("headers", () => {
  test("the caller's reach the handler, the handler's reach the caller, trailers as headers", async () => {
    const { headers, json } = await call(kitchen, "GET /v1/shelves/a", { headers: { prefer: "wait=5" } });
    expect(json).toEqual({ shelf: "a", theme: "wait=5" });
    expect(Object.fromEntries(headers)).toEqual({
      "content-type": "application/json",
      "content-length": "30",
      etag: '"1"',
      "x-cost": "7",
    });
  });
  test("a created resource's Location comes back", async () => {
    const { headers } = await call(kitchen, "POST /v1/shelves/a/books", { body: { name: "shelves/a/books/b" } });
    expect(headers.get("location")).toBe("/v1/shelves/a/books/b");
  });
  test("an error carries the headers set before and its own metadata", async () => {
    const { status, headers } = await call(kitchen, "GET /v1/shelves/missing");
    expect([status, headers.get("x-reason"), headers.get("etag"), headers.get("x-cost")]).toEqual([
      404,
      "never built",
      '"1"',
      "7",
    ]);
  });
});

describe("bodies", () => {
  test("zero values are written, unless told otherwise", async () => {
    expect((await call(kitchen, "GET /v1/shelves/a")).json).toEqual({ shelf: "a", theme: "" });
    const terse = createKitchen({ json: { alwaysEmitImplicit: false } });
    expect((await call(terse, "GET /v1/shelves/a")).json).toEqual({ shelf: "a" });
  });
  test("proto names and numeric enums are written when told", async () => {
    const own = createKitchen({ json: { useProtoFieldName: true, enumAsInteger: true, alwaysEmitImplicit: false } });
    expect((await call(own, "GET /v1/sink?color=COLOR_RED&optionalText=x")).json).toEqual({
      color: 1,
      optional_text: "x",
    });
  });
  test("response_body is the whole body", async () => {
    const { json } = await call(kitchen, "GET /v1/shelves/a/books?page_size=3");
    expect(json).toEqual([expect.objectContaining({ name: "shelves/a/books/3", copies: "3" })]);
  });
  test.each([true, false])(
    "response_body of an unset field is its zero (alwaysEmitImplicit: %s)",
    async (alwaysEmitImplicit) => {
      const own = createKitchen({ json: { alwaysEmitImplicit } });
      expect((await call(own, "PATCH /v1/sink/t", { body: [] })).text).toBe("[]");
      expect((await call(own, "PUT /v1/sink/t/int32", { body: 0 })).text).toBe("0");
    },
  );
  test("google.api.HttpBody goes out as it is", async () => {
    const { headers, text } = await call(kitchen, "GET /v1/shelves/a/books/b/content");
    expect([headers.get("content-type"), headers.get("content-length"), text]).toEqual([
      "text/plain",
      "17",
      "shelves/a/books/b",
    ]);
  });
  test("google.api.HttpBody comes in as it is", async () => {
    const body = new Uint8Array([0xff, 0, 1]);
    const { json } = await call(kitchen, "PUT /v1/shelves/a/books/b/content", {
      body,
      headers: { "content-type": "image/png" },
    });
    expect(json).toMatchObject({ title: "image/png 3" });
  });
  test("HEAD is GET without the body, its length included", async () => {
    const { status, headers, text } = await call(kitchen, "HEAD /v1/shelves/a");
    expect([status, headers.get("content-length"), headers.get("etag"), text]).toEqual([200, "24", '"1"', ""]);
    expect((await call(kitchen, "HEAD /v1/shelves/missing")).status).toBe(404);
  });
  test("OPTIONS tells the methods, 405 does too", async () => {
    const options = await call(kitchen, "OPTIONS /v1/shelves/a/books/b");
    expect([options.status, options.headers.get("allow"), options.text]).toEqual([
      204,
      "DELETE, GET, HEAD, OPTIONS, PATCH",
      "",
    ]);
    const refused = await call(kitchen, "PUT /v1/shelves/a/books/b");
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, "DELETE, GET, HEAD, OPTIONS, PATCH"]);
  });
});

describe("errors", () => {
  test("look as AIP-193 says, details in base64 when their type is unknown", async () => {
    expect((await call(kitchen, "GET /v1/shelves/missing")).json).toEqual({
      error: {
        code: 404,
        status: "NOT_FOUND",
        message: "no such shelf",
        details: [{ "@type": "type.googleapis.com/kitchen.v1.Leaf", value: "CgN3aHk=" }],
      },
    });
  });
  test("show details as JSON when the registry has their type", async () => {
    const knowing = createKitchen({ registry: createRegistry(LeafSchema) });
    expect((await call(knowing, "GET /v1/shelves/missing")).json).toMatchObject({
      error: { details: [{ "@type": "type.googleapis.com/kitchen.v1.Leaf", id: "why" }] },
    });
  });
  test("name wrong fields as google.rpc.BadRequest", async () => {
    expect((await call(kitchen, "GET /v1/sink?flag=x")).json).toMatchObject({
      error: {
        code: 400,
        status: "INVALID_ARGUMENT",
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            fieldViolations: [{ field: "flag", description: 'expected true or false, got "x"' }],
          },
        ],
      },
    });
  });
  test("hide what an unknown exception says", async () => {
    const { status, text } = await call(kitchen, "GET /v1/shelves/broken");
    expect(status).toBe(500);
    expect(text).not.toContain("hunter2");
  });
  test.each([
    [Code.Canceled, 499],
    [Code.Unknown, 500],
    [Code.InvalidArgument, 400],
    [Code.DeadlineExceeded, 504],
    [Code.NotFound, 404],
    [Code.AlreadyExists, 409],
    [Code.PermissionDenied, 403],
    [Code.ResourceExhausted, 429],
    [Code.FailedPrecondition, 400],
    [Code.Aborted, 409],
    [Code.OutOfRange, 400],
    [Code.Unimplemented, 501],
    [Code.Internal, 500],
    [Code.Unavailable, 503],
    [Code.DataLoss, 500],
    [Code.Unauthenticated, 401],
  ])("code %i has status %i", (code, status) => {
    expect(httpStatusOf(code)).toBe(status);
  });
});

describe("hooks", () => {
  const enveloped = createKitchen({
    json: { alwaysEmitImplicit: false },
    encodeResponse: (data, { route, headers, message }) => {
      headers.set("x-type", message.$typeName);
      return { status: route.httpMethod === "POST" ? 201 : 200, body: { code: 0, data } };
    },
    encodeError: (error: ConnectError, { status, headers, route, reason }) => {
      headers.set("x-route", route?.pathTemplate ?? "none");
      return {
        status,
        body: { code: error.code, error: reason ?? "handler", leaf: error.findDetails(LeafSchema)[0]?.id ?? null },
      };
    },
  });
  test("wrap a response and choose its status and headers", async () => {
    const { status, headers, json } = await call(enveloped, "POST /v1/books", {
      body: { parent: "p", book: { name: "n" } },
    });
    expect([status, headers.get("x-type"), json]).toEqual([
      201,
      "kitchen.v1.Book",
      { code: 0, data: { name: "n", title: "p||" } },
    ]);
  });
  test("wrap an error of a handler, details included", async () => {
    const { headers, json } = await call(enveloped, "GET /v1/shelves/missing");
    expect([headers.get("x-route"), json]).toEqual([
      "/v1/shelves/{shelf}",
      { code: Code.NotFound, error: "handler", leaf: "why" },
    ]);
  });
  test("wrap a refusal of the transcoder", async () => {
    const { headers, json } = await call(enveloped, "GET /nowhere");
    expect([headers.get("x-route"), json]).toEqual([
      "none",
      { code: Code.NotFound, error: "route_not_found", leaf: null },
    ]);
  });
  test("may leave a body out", async () => {
    const bare = createKitchen({ encodeResponse: () => ({ status: 204, body: undefined }) });
    const { status, headers, text } = await call(bare, "DELETE /v1/shelves/a/books/b");
    expect([status, headers.has("content-type"), text]).toEqual([204, false, ""]);
  });
  test("that throw do not leave a caller without an answer", async () => {
    const broken = createKitchen({
      encodeResponse: () => {
        throw new Error("secret");
      },
      encodeError: () => {
        throw new Error("secret");
      },
    });
    const { status, json } = await call(broken, "GET /v1/shelves/a");
    expect([status, json]).toEqual([500, { error: { code: 500, status: "INTERNAL", message: "internal error" } }]);
  });
});

describe("server streams", () => {
  const name = (index: number) => expect.objectContaining({ name: `a/${index}`, title: book("").title });
  test("are lines of JSON by default", async () => {
    const { status, headers, text } = await call(kitchen, "GET /v1/shelves/a:watch");
    expect([status, headers.get("content-type"), headers.get("x-stream")]).toEqual([
      200,
      "application/x-ndjson; charset=utf-8",
      "yes",
    ]);
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([{ result: name(0) }, { result: name(1) }, { result: name(2) }]);
  });
  test("are server-sent events when asked for, with an end", async () => {
    const { headers, text } = await call(kitchen, "GET /v1/shelves/a:watch", {
      headers: { accept: "text/event-stream" },
    });
    expect(headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const events = text.trimEnd().split("\n\n");
    expect(events.map((event) => event.replace(/\{.*/, "{"))).toEqual([
      "data: {",
      "data: {",
      "data: {",
      "event: end\ndata: {",
    ]);
  });
  test.each([
    [undefined, "sse", "text/event-stream"],
    ["application/x-ndjson", "sse", "application/x-ndjson"],
    ["application/json", "ndjson", "application/x-ndjson"],
    ["text/event-stream, application/x-ndjson", "ndjson", "text/event-stream"],
    ["application/x-ndjson, text/event-stream", "sse", "application/x-ndjson"],
  ] as const)("Accept: %s with default %s gives %s", async (accept, streamFormat, type) => {
    const own = createKitchen({ streamFormat });
    const { headers } = await call(own, "GET /v1/shelves/a:watch", accept ? { headers: { accept } } : {});
    expect(headers.get("content-type")).toContain(type);
  });
  test("that are empty have an empty body", async () => {
    const { status, text } = await call(kitchen, "GET /v1/shelves/empty:watch");
    expect([status, text]).toEqual([200, ""]);
  });
  test("that fail before their first message have the error's status", async () => {
    const { status, json } = await call(kitchen, "GET /v1/shelves/missing:watch");
    expect([status, json]).toEqual([404, { error: { code: 404, status: "NOT_FOUND", message: "no such shelf" } }]);
  });
  test("that fail later end with the error", async () => {
    const { status, text } = await call(kitchen, "GET /v1/shelves/broken:watch");
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect([status, lines.length, lines[2]]).toEqual([
      200,
      3,
      { error: { code: 500, status: "DATA_LOSS", message: "the shelf broke" } },
    ]);
    const sse = await call(kitchen, "GET /v1/shelves/broken:watch", { headers: { accept: "text/event-stream" } });
    expect(sse.text.trimEnd().split("\n\n").at(-1)).toBe(
      'event: error\ndata: {"error":{"code":500,"status":"DATA_LOSS","message":"the shelf broke"}}',
    );
  });
  test("wear the envelope of responses, or one of their own", async () => {
    const one = createKitchen({ encodeResponse: (data) => ({ status: 200, body: { code: 0, data } }) });
    expect(JSON.parse((await call(one, "GET /v1/shelves/a:watch")).text.split("\n")[0] ?? "")).toMatchObject({
      code: 0,
      data: { name: "a/0" },
    });
    const own = createKitchen({ encodeStreamItem: (data) => ({ status: 200, body: [data] }) });
    expect(JSON.parse((await call(own, "GET /v1/shelves/a:watch")).text.split("\n")[0] ?? "")).toMatchObject([
      { name: "a/0" },
    ]);
  });
  test("of google.api.HttpBody are the bytes as they come", async () => {
    const { headers, text } = await call(kitchen, "GET /v1/shelves/a:export");
    expect([headers.get("content-type"), text]).toEqual(["text/csv", "a,b\n1,2"]);
    await expect(call(kitchen, "GET /v1/shelves/broken:export")).rejects.toThrow("the shelf broke");
  });
  test("answer HEAD without a body, and their handler is left", async () => {
    const { status, text } = await call(kitchen, "HEAD /v1/shelves/endless:watch");
    expect([status, text]).toEqual([200, ""]);
  });
});
