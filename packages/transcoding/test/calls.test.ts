import { create } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createContextKey,
  createContextValues,
  createRouterTransport,
  type HandlerContext,
  type Interceptor,
} from "@connectrpc/connect";
import { createValidateInterceptor } from "@connectrpc/validate";
import { describe, expect, test } from "vitest";
import {
  createTranscoder,
  type Transcoder,
  type TranscoderTarget,
  TranscodingConfigurationError,
} from "../src/index.ts";
import { BookSchema, LibraryService } from "./gen/kitchen/v1/library_pb.ts";
import { SinkService } from "./gen/kitchen/v1/sink_pb.ts";
import { call, createKitchen, kitchenHandlers, kitchenRoutes } from "./kitchen.ts";

/** A shelf whose handler tells what it sees. */
const watched = (interceptors: Interceptor[] = []) => {
  const seen: HandlerContext[] = [];
  const routes = (router: ConnectRouter) => {
    router.service(LibraryService, {
      getShelf: ({ shelf }, context) => {
        seen.push(context);
        return { shelf };
      },
    });
  };
  return { seen, transcoder: createTranscoder({ routes, routerOptions: { interceptors } }) };
};

const targets: readonly (readonly [string, (interceptors: Interceptor[]) => TranscoderTarget])[] = [
  ["routes", (interceptors) => ({ routes: kitchenRoutes, routerOptions: { interceptors } })],
  ["handlers", (interceptors) => ({ handlers: kitchenHandlers({ interceptors }) })],
  [
    "a transport",
    (interceptors) => ({
      services: [LibraryService, SinkService],
      transport: createRouterTransport(kitchenRoutes, { router: { interceptors } }),
    }),
  ],
];

describe.each(targets)("through %s", (_name, targetWith) => {
  test("interceptors run once a call, see the message both ways, and may change it", async () => {
    const seen: string[] = [];
    const spy: Interceptor = (next) => async (request) => {
      if (!request.stream && request.method.name === "LendBook") {
        seen.push(`> ${JSON.stringify(request.message)}`);
        const response = await next({
          ...request,
          message: { ...request.message, reader: "Ann" } as typeof request.message,
        });
        seen.push(`< ${!response.stream && "title" in response.message ? response.message.title : ""}`);
        return response;
      }
      return next(request);
    };
    const transcoder = createTranscoder(targetWith([spy]));
    for (const round of [1, 2, 3]) {
      seen.length = 0;
      const { json } = await call(transcoder, "POST /v1/shelves/a/books/b:lend", { body: { reader: `Bob ${round}` } });
      expect(json).toMatchObject({ name: "shelves/a/books/b", title: "Ann" });
      expect(seen).toEqual([expect.stringContaining(`"reader":"Bob ${round}"`), "< Ann"]);
    }
  });

  test("an interceptor's refusal is the answer, with its headers", async () => {
    const guard: Interceptor = () => async () => {
      throw new ConnectError("who are you?", Code.Unauthenticated, { "www-authenticate": "Bearer" });
    };
    for (const line of ["GET /v1/shelves/a", "GET /v1/shelves/a", "GET /v1/shelves/a:watch"]) {
      const { status, headers } = await call(createTranscoder(targetWith([guard])), line);
      expect([status, headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    }
  });

  test("protovalidate's interceptor sees the decoded message", async () => {
    const transcoder = createTranscoder(targetWith([createValidateInterceptor()]));
    for (const _round of [1, 2]) {
      const refused = await call(transcoder, "POST /v1/shelves/a/books", { body: { name: "n", title: "" } });
      expect([refused.status, refused.text]).toEqual([400, expect.stringContaining("book.title")]);
      const body = { name: "n", title: "t", tags: ["a"], imageUrl: "https://a.b/c", currency: "EUR" };
      expect((await call(transcoder, "POST /v1/shelves/a/books", { body })).status).toBe(200);
    }
  });

  test("streams and errors are the same", async () => {
    const transcoder = createTranscoder(targetWith([]));
    expect((await call(transcoder, "GET /v1/shelves/broken:watch")).text.trimEnd().split("\n")).toHaveLength(3);
    expect((await call(transcoder, "GET /v1/shelves/missing")).status).toBe(404);
    expect((await call(transcoder, "GET /v1/shelves/missing:watch")).status).toBe(404);
    expect((await call(transcoder, "GET /v1/sink?nope=1")).status).toBe(400);
    const unimplemented = createTranscoder({ routes: (router) => router.service(LibraryService, {}) });
    expect((await call(unimplemented, "GET /v1/shelves/a")).status).toBe(501);
  });
});

test("a service with interceptors of its own is served as well, by binary", async () => {
  const seen: string[] = [];
  const spy: Interceptor = (next) => (request) => {
    seen.push(request.method.name);
    return next(request);
  };
  const transcoder = createTranscoder({
    routes: (router) =>
      router.service(LibraryService, { getShelf: ({ shelf }) => ({ shelf }) }, { interceptors: [spy] }),
  });
  for (const shelf of ["a", "b", "c"]) {
    expect((await call(transcoder, `GET /v1/shelves/${shelf}`)).json).toEqual({ shelf, theme: "" });
  }
  expect(seen).toEqual(["GetShelf", "GetShelf", "GetShelf"]);
});

test("concurrent calls do not mix their messages", async () => {
  const routes = (router: ConnectRouter) =>
    router.service(LibraryService, {
      getShelf: async ({ shelf }) => {
        await new Promise((resolve) => setImmediate(resolve));
        return { shelf };
      },
    });
  const transcoder = createTranscoder({ routes });
  await call(transcoder, "GET /v1/shelves/warm");
  const shelves = Array.from({ length: 50 }, (_, index) => `s${index}`);
  const answers = await Promise.all(shelves.map((shelf) => call(transcoder, `GET /v1/shelves/${shelf}`)));
  expect(answers.map(({ json }) => (json as { shelf: string }).shelf)).toEqual(shelves);
});

describe("what the handler sees", () => {
  test("the URL and the headers of the HTTP request, not those of its encoding", async () => {
    const { seen, transcoder } = watched();
    const headers = {
      host: "shop.example:8080",
      "idempotency-key": "k",
      "content-type": "application/json",
      "accept-encoding": "gzip",
      "x-twice": "a, b",
    };
    await call(transcoder, "GET /v1/shelves/a?", { headers });
    expect(seen[0]?.url).toBe("http://shop.example:8080/v1/shelves/a?");
    expect(seen[0]?.requestHeader.get("idempotency-key")).toBe("k");
    expect(seen[0]?.requestHeader.get("x-twice")).toBe("a, b");
    expect(seen[0]?.requestHeader.get("accept-encoding")).toBeNull();
    expect(seen[0]?.method.name).toBe("GetShelf");
  });

  test("a Host header that makes no URL harms nothing", async () => {
    const { seen, transcoder } = watched();
    expect((await call(transcoder, "GET /v1/shelves/a", { headers: { host: "[" } })).status).toBe(200);
    expect(seen[0]?.url).toBe("http://localhost/v1/shelves/a");
  });

  test.each([
    [{ "connect-timeout-ms": "5000" }, 5000],
    [{ "grpc-timeout": "3S" }, 3000],
    [{ "grpc-timeout": "250000u" }, 250],
    [{ "request-timeout": "1.5" }, 1500],
    [{ "request-timeout": "10", "connect-timeout-ms": "2000", "grpc-timeout": "1M" }, 2000],
    [{ "grpc-timeout": "99999999H" }, 0x7fffffff],
    [{ "request-timeout": "9999999" }, 0x7fffffff],
  ])("the deadline of %j is %i ms", async (headers, timeoutMs) => {
    const { seen, transcoder } = watched();
    await call(transcoder, "GET /v1/shelves/a", { headers });
    const left = seen[0]?.timeoutMs() ?? 0;
    expect(left).toBeLessThanOrEqual(timeoutMs);
    expect(left).toBeGreaterThan(0);
    for (const name of Object.keys(headers))
      expect(name === "connect-timeout-ms" || !seen[0]?.requestHeader.has(name)).toBe(true);
  });

  test("no deadline when none is asked for", async () => {
    const { seen, transcoder } = watched();
    await call(transcoder, "GET /v1/shelves/a");
    expect(seen[0]?.timeoutMs()).toBeUndefined();
  });

  test("a deadline that passes is 504", async () => {
    const routes = (router: ConnectRouter) =>
      router.service(LibraryService, {
        getShelf: (_request, { signal }) =>
          new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      });
    const { status } = await call(createTranscoder({ routes }), "GET /v1/shelves/a", {
      headers: { "request-timeout": "0.01" },
    });
    expect(status).toBe(504);
  });

  test("the caller's going away, as an aborted signal", async () => {
    const gone = new AbortController();
    const routes = (router: ConnectRouter) =>
      router.service(LibraryService, {
        getShelf: (_request, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(ConnectError.from(signal.reason)));
            gone.abort();
          }),
      });
    const { status } = await call(createTranscoder({ routes }), "GET /v1/shelves/a", { signal: gone.signal });
    expect(status).toBe(499);
  });

  test("context values of the caller", async () => {
    const key = createContextKey("nobody");
    const { seen, transcoder } = watched();
    await call(transcoder, "GET /v1/shelves/a", { contextValues: createContextValues().set(key, "Ann") });
    expect(seen[0]?.values.get(key)).toBe("Ann");
  });
});

describe("a request gate", () => {
  const gated = (target: (requestGate: (context: HandlerContext) => void) => Transcoder) =>
    target(({ requestHeader }) => {
      if (!requestHeader.has("authorization")) throw new ConnectError("who are you?", Code.Unauthenticated);
    });
  test.each([
    ["routes", (requestGate: (context: HandlerContext) => void) => createKitchen({}, { requestGate })],
    [
      "handlers",
      (requestGate: (context: HandlerContext) => void) =>
        createTranscoder({ handlers: kitchenHandlers({ requestGate }) }),
    ],
  ])("refuses a caller before the body is read or judged (%s)", async (_name, target) => {
    let read = false;
    const body = (async function* () {
      read = true;
      yield new TextEncoder().encode("{ not JSON");
    })();
    const request = { method: "POST", url: "/v1/sink?nope=1", headers: new Headers(), body };
    expect((await gated(target).handle(request)).status).toBe(401);
    expect(read).toBe(false);
    const known = { ...request, headers: new Headers({ authorization: "x" }) };
    expect((await gated(target).handle(known)).status).toBe(400);
    expect(read).toBe(true);
  });
});

test("a handler that does not speak Connect is refused when building", () => {
  expect(() => createTranscoder({ handlers: kitchenHandlers({ connect: false }) })).toThrow(
    TranscodingConfigurationError,
  );
});

test("a stream's handler is left when its reader leaves", async () => {
  let left = false;
  const routes = (router: ConnectRouter) =>
    router.service(LibraryService, {
      async *watchShelf() {
        try {
          for (;;) yield create(BookSchema);
        } finally {
          left = true;
        }
      },
    });
  const transcoder = createTranscoder({ routes });
  const { body } = await transcoder.handle({ method: "GET", url: "/v1/shelves/a:watch", headers: new Headers() });
  if (body === undefined || body instanceof Uint8Array) throw new Error("no stream");
  for await (const _line of body) break;
  expect(left).toBe(true);
  left = false;
  await call(transcoder, "HEAD /v1/shelves/a:watch");
  expect(left).toBe(true);
});
