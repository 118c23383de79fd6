import { create, type DescField, equals, type Message, toBinary, toJson } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTranscoder, encodeRequest, type Route } from "../src/index.ts";
import { findJsonProblem } from "../src/json-syntax.ts";
import { parameterParser } from "../src/parameter.ts";
import { decodeSegment, decodeSegments, encodeSegment, encodeSegments } from "../src/percent.ts";
import { messageArbitrary } from "./arbitrary.ts";
import { BookSchema, UpdateBookRequestSchema } from "./gen/kitchen/v1/library_pb.ts";
import { NestedSchema, SinkSchema } from "./gen/kitchen/v1/sink_pb.ts";
import { kitchenRoutes } from "./kitchen.ts";

let received: Message | undefined;
const capture: Interceptor = (next) => (request) => {
  if (!request.stream) received = request.message;
  return next(request);
};
const transcoder = createTranscoder({ routes: kitchenRoutes, routerOptions: { interceptors: [capture] } });

const routeOf = (method: string): Route => {
  const route = transcoder.routes.find((one) => one.method.name === method);
  if (route === undefined) throw new Error(`no route for ${method}`);
  return route;
};

/** Sends the message as a client would and compares what the handler gets. */
const survives = async (route: Route, message: Message): Promise<void> => {
  const desc = route.method.input;
  const { method, url, headers, body } = encodeRequest(route, message);
  received = undefined;
  const { status, body: answer } = await transcoder.handle({ method, url, headers, body });
  const seen = `${method} ${url}\n${body === undefined ? "" : Buffer.from(body)}\n${answer instanceof Uint8Array ? Buffer.from(answer) : ""}`;
  expect(status, seen).toBe(200);
  const same =
    received !== undefined &&
    (equals(desc, received, message) || Buffer.compare(toBinary(desc, received), toBinary(desc, message)) === 0);
  expect(same, `${seen}\n${received && JSON.stringify(toJson(desc, received))}`).toBe(true);
};

const sink = (without: (field: DescField) => boolean, noEmptyMessages: boolean) =>
  messageArbitrary(SinkSchema, { without: (field) => without(field), noEmptyMessages });

/** What proto JSON can hold without a registry, or holds in more than one way. */
const awkward = (field: DescField) => ["any", "struct", "value"].includes(field.name);
const unfitForQuery = (field: DescField) =>
  awkward(field) ||
  field.fieldKind === "map" ||
  (parameterParser(field) === undefined && (field.fieldKind === "list" || field.name === "empty"));
/** The path of MixedSink needs these. */
const pathText = fc.string({ unit: "binary", minLength: 1, maxLength: 8 });

describe("any message survives the way from client to handler", () => {
  test("by the body", async () => {
    await fc.assert(
      fc.asyncProperty(sink(awkward, false), (message) => survives(routeOf("BodySink"), message)),
      { numRuns: 300 },
    );
  });

  test("by the query", async () => {
    await fc.assert(
      fc.asyncProperty(sink(unfitForQuery, true), (message) => survives(routeOf("QuerySink"), message)),
      { numRuns: 300 },
    );
  });

  test("by path, query and body together", async () => {
    const parts = fc.record({
      message: sink((field) => unfitForQuery(field) || ["text", "nested"].includes(field.name), true),
      text: pathText.filter((text) => text !== "." && text !== ".."),
      id: pathText,
      label: fc.option(pathText, { nil: "" }),
    });
    await fc.assert(
      fc.asyncProperty(parts, async ({ message, text, id, label }) => {
        const leaf = { $typeName: "kitchen.v1.Leaf" as const, id: `leaves/${id.replaceAll("/", "-")}`, weight: 0 };
        const nested = create(NestedSchema, { leaf, label });
        const mixed = Object.assign(create(SinkSchema), message, { text, nested });
        await survives(routeOf("MixedSink"), mixed);
      }),
      { numRuns: 300 },
    );
  });

  test("by a path that spans segments, with a verb", async () => {
    const texts = fc
      .array(fc.string({ unit: "binary", maxLength: 6 }), { maxLength: 4 })
      .map((parts) => parts.join("/"));
    await fc.assert(
      fc.asyncProperty(
        texts,
        sink((field) => awkward(field) || field.name === "text", false),
        async (text, message) => {
          const deep = Object.assign(create(SinkSchema), message, { text });
          await survives(routeOf("DeepSink"), deep);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("by a body that is one field, with the path inside that field", async () => {
    const names = fc.tuple(pathText, pathText).map((parts) => parts.map((part) => part.replaceAll("/", "-")));
    const books = messageArbitrary(BookSchema, {
      without: (field) => field.name === "name",
    });
    await fc.assert(
      fc.asyncProperty(names, books, async ([shelf, book], message) => {
        const named = Object.assign(create(BookSchema), message, { name: `shelves/${shelf}/books/${book}` });
        await survives(routeOf("UpdateBook"), create(UpdateBookRequestSchema, { book: named }));
      }),
      { numRuns: 150 },
    );
  });
});

test("what a route cannot express is refused by the encoder, not bent", () => {
  expect(() => encodeRequest(routeOf("GetShelf"), create(routeOf("GetShelf").method.input))).toThrow(
    'field "shelf" is empty',
  );
  expect(() => encodeRequest(routeOf("QuerySink"), create(SinkSchema, { labels: { a: "b" } }))).toThrow(
    'field "labels" cannot be expressed in a query',
  );
});

describe("percent encoding", () => {
  test("of a segment is undone, and leaves no separator", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(encodeSegment(text)).toMatch(/^[-_.~0-9a-zA-Z%]*$/);
        expect(decodeSegment(encodeSegment(text))).toBe(text);
      }),
    );
  });
  test("of several segments is undone, and keeps their separators", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (parts) => {
        const text = parts.join("/");
        expect(encodeSegments(text).split("/")).toHaveLength(text.split("/").length);
        expect(decodeSegments(encodeSegments(text))).toBe(text);
      }),
    );
  });
});

describe("findJsonProblem agrees with JSON.parse", () => {
  const parses = (text: string) => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  test("on every JSON text", () => {
    fc.assert(
      fc.property(fc.json(), fc.nat({ max: 3 }), (text, indent) => {
        expect(findJsonProblem(JSON.stringify(JSON.parse(text), null, indent))).toBeUndefined();
      }),
    );
  });
  test("on JSON with one character changed, and points into the text", () => {
    const chars = fc.constantFrom(..."{}[]:,\"\\'0123456789eE+-.tfnul \n\u0000xé");
    fc.assert(
      fc.property(fc.json(), fc.nat(), chars, fc.boolean(), (text, at, char, insert) => {
        const place = at % (text.length + 1);
        const changed = text.slice(0, place) + char + text.slice(place + (insert ? 0 : 1));
        const problem = findJsonProblem(changed);
        // JSON.parse lets a key given twice pass, and the first problem found may not be the last.
        if (problem?.duplicateKey === undefined) expect(problem === undefined).toBe(parses(changed));
        if (problem !== undefined) expect(problem.position).toBeLessThanOrEqual(changed.length);
      }),
      { numRuns: 2000 },
    );
  });
  test("on depths that would exhaust a stack", () => {
    expect(findJsonProblem("[".repeat(200_000))?.message).toContain("the text ends");
    expect(findJsonProblem(`${"[".repeat(200_000)}${"]".repeat(200_000)}`)).toBeUndefined();
  });
});

test("whatever a caller sends, it gets an answer and the process lives", async () => {
  const methods = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PURGE", "x");
  const paths = fc.oneof(
    fc.webPath(),
    fc
      .array(
        fc.constantFrom(
          "v1",
          "sink",
          "shelves",
          "a",
          "books",
          "files",
          "deep",
          ":dig",
          "",
          "%2F",
          "%",
          "*",
          "{id}",
          "..",
          "int32",
        ),
        { maxLength: 7 },
      )
      .map((parts) => `/${parts.join("/")}`),
  );
  const queries = fc.oneof(
    fc.constant(""),
    fc.webQueryParameters().map((query) => `?${query}`),
    fc.string().map((query) => `?${query}`),
  );
  const bodies = fc.oneof(
    fc.constant(undefined),
    fc.uint8Array({ maxLength: 40 }),
    fc.json().map((text) => new TextEncoder().encode(text)),
  );
  await fc.assert(
    fc.asyncProperty(methods, paths, queries, bodies, async (method, path, query, body) => {
      const { status } = await transcoder.handle({ method, url: path + query, headers: new Headers(), body });
      expect([200, 204, 400, 404, 405, 415]).toContain(status);
    }),
    { numRuns: 1000 },
  );
});
