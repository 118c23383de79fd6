import { once } from "node:events";
import { type ClientRequest, createServer, type Server as HttpServer, type IncomingMessage, request } from "node:http";
import { connect, createServer as createHttp2Server, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { ConnectRouter } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFetchHandler, createNodeHandler, createTranscoder } from "../src/index.ts";
import { LibraryService } from "./gen/kitchen/v1/library_pb.ts";
import { book, createKitchen, kitchenRoutes } from "./kitchen.ts";

const left: string[] = [];
let wake: () => void = () => {};
let begin: () => void = () => {};

/** The kitchen, but its endless shelf notes when its handler is left. */
const routes = (router: ConnectRouter) => {
  kitchenRoutes(router);
};
const endless = (router: ConnectRouter) => {
  router.service(LibraryService, {
    getShelf: (_request, { signal }) =>
      new Promise((_resolve, reject) => {
        begin();
        signal.addEventListener("abort", () => {
          left.push("unary");
          wake();
          reject(signal.reason);
        });
      }),
    async *watchShelf({ shelf }) {
      try {
        for (;;) yield { ...book(shelf), title: "x".repeat(1000) };
      } finally {
        left.push("stream");
        wake();
      }
    },
  });
};

const servers: (HttpServer | Http2Server)[] = [];
const listen = async (server: HttpServer | Http2Server): Promise<number> => {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
};
afterAll(() => {
  for (const server of servers) server.close();
});

const serve = (target: (router: ConnectRouter) => void, settings = {}) => {
  const handler = createNodeHandler(createTranscoder({ routes: target, ...settings }));
  return createServer(async (incoming, response) => {
    if (!(await handler(incoming, response))) response.writeHead(418).end("another's");
  });
};

const exchange = async (outgoing: ClientRequest): Promise<{ incoming: IncomingMessage; body: string }> => {
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  return { incoming, body: await text(incoming) };
};

describe("on http", () => {
  let port: number;
  let base: string;
  beforeAll(async () => {
    port = await listen(serve(routes, { maxBodyBytes: 1000 }));
    base = `http://127.0.0.1:${port}`;
  });

  test("a body in chunks is read, the answer written with its headers", async () => {
    const body = new ReadableStream({
      start(controller) {
        for (const part of ['{"te', 'xt":"\xe2', '"}']) controller.enqueue(new TextEncoder().encode(part));
        controller.close();
      },
    });
    const init = { method: "POST", headers: { "content-type": "application/json" }, body, duplex: "half" as const };
    const response = await fetch(`${base}/v1/sink`, init);
    expect([
      response.status,
      response.headers.get("content-type"),
      ((await response.json()) as { text: string }).text,
    ]).toEqual([200, "application/json", "\xe2"]);
  });

  test("a path that no route knows is left to others", async () => {
    const response = await fetch(`${base}/metrics`);
    expect([response.status, await response.text()]).toEqual([418, "another's"]);
  });

  test("a body over the limit gets its 413, though nobody announced its size", async () => {
    const outgoing = request({ port, host: "127.0.0.1", method: "POST", path: "/v1/sink" });
    outgoing.write(`{"text":"${"x".repeat(2000)}`);
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    expect(incoming.statusCode).toBe(413);
    outgoing.end('"}');
    expect(await text(incoming)).toContain("larger than 1000 bytes");
  });

  test("two cookies stay two headers", async () => {
    const baker = (router: ConnectRouter) =>
      router.service(LibraryService, {
        getShelf: (_request, { responseHeader }) => {
          responseHeader.append("set-cookie", "a=1");
          responseHeader.append("set-cookie", "b=2");
          return {};
        },
      });
    const response = await fetch(`http://127.0.0.1:${await listen(serve(baker))}/v1/shelves/a`);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  });

  test("HEAD and the stream's formats work over the wire", async () => {
    const head = await fetch(`${base}/v1/shelves/a`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "24", ""]);
    const lines = await (await fetch(`${base}/v1/shelves/a:watch`)).text();
    expect(lines.trimEnd().split("\n")).toHaveLength(3);
  });

  test("raw bytes that break off do not look complete", async () => {
    await expect(fetch(`${base}/v1/shelves/broken:export`).then((response) => response.text())).rejects.toThrow();
  });

  test("raw request targets that no client library sends do no harm", async () => {
    for (const path of [
      "/v1/%",
      "/v1/shelves/%E0%A4%A",
      "/v1/shelves/a%00b",
      "/v1/sink?%",
      "//",
      "/?",
      `/v1/shelves/${"a".repeat(8000)}`,
    ]) {
      const { incoming } = await exchange(request({ port, host: "127.0.0.1", path }).end());
      expect([200, 400, 418]).toContain(incoming.statusCode);
    }
  });
});

describe("when the client goes away", () => {
  test.each([
    ["unary", "/v1/shelves/a"],
    ["stream", "/v1/shelves/a:watch"],
  ])("a %s handler is told", async (kind, path) => {
    const port = await listen(serve(endless));
    const told = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const outgoing = request({ port, host: "127.0.0.1", path }).end();
    outgoing.on("error", () => {});
    if (kind === "stream") await once(outgoing, "response");
    else await begun;
    outgoing.destroy();
    await told;
    expect(left).toContain(kind);
  });
});

test("on http2, host and pseudo-headers are understood", async () => {
  const kitchen = createNodeHandler(createTranscoder({ routes }));
  const port = await listen(createHttp2Server((incoming, response) => void kitchen(incoming, response)));
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({ ":path": "/v1/shelves/a", prefer: "x" });
  const [headers] = await once(stream, "response");
  expect([headers[":status"], JSON.parse(await text(stream))]).toEqual([200, { shelf: "a", theme: "x" }]);
  session.close();
});

describe("on the Fetch API", () => {
  const handler = createFetchHandler(createKitchen());
  test("unary", async () => {
    const response = await handler(
      new Request("http://x/v1/sink?", {
        method: "POST",
        body: '{"text":"a"}',
        headers: { "content-type": "application/json" },
      }),
    );
    expect([response?.status, await response?.json()]).toEqual([200, expect.objectContaining({ text: "a" })]);
  });
  test("stream, and leaving it", async () => {
    const whole = await handler(new Request("http://x/v1/shelves/a:watch"));
    expect((await whole?.text())?.trimEnd().split("\n")).toHaveLength(3);
    const leaving = await handler(new Request("http://x/v1/shelves/endless:watch"));
    await leaving?.body?.cancel();
    expect(leaving?.status).toBe(200);
  });
  test("another's path", async () => {
    expect(await handler(new Request("http://x/metrics"))).toBeUndefined();
  });
});
