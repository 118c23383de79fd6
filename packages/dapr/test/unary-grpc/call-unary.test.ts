import { constants, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { createServer as createTcpServer } from "node:net";
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { AppCallback } from "../../src/protocol.ts";
import { createUnaryClient, type UnaryCallOptions } from "../../src/unary-grpc/call-unary.ts";
import { type ConnectionOptions, holdConnection } from "../../src/unary-grpc/hold-connection.ts";
import { listen } from "./listen.ts";

type Behaviour = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

const HEAD = { ":status": 200, "content-type": "application/grpc" };
const RETRY = [0, 0, 0, 0, 2, 8, 1];

/** An answer in the pieces that are given. */
const answerWith =
  (chunks: readonly (readonly number[])[], status: string | null = "0"): Behaviour =>
  (stream) => {
    stream.respond(HEAD, { waitForTrailers: true });
    stream.once("wantTrailers", () => {
      if (status === null) stream.close(constants.NGHTTP2_NO_ERROR);
      else stream.sendTrailers({ "grpc-status": status });
    });
    for (const chunk of chunks) stream.write(Buffer.from(chunk));
    stream.end();
  };

const start = async (behave: Behaviour, defaults?: UnaryCallOptions, ping?: ConnectionOptions["ping"]) => {
  const raw = createServer();
  raw.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    stream.resume();
    behave(stream, headers);
  });
  const server = await listen(raw);
  const connection = holdConnection({ host: "127.0.0.1", port: server.port, ...(ping === undefined ? {} : { ping }) });
  const app = createUnaryClient(AppCallback, connection, defaults);
  return {
    server,
    connection,
    call: (options?: UnaryCallOptions) => app.onTopicEvent({ id: "1" }, options),
    [Symbol.asyncDispose]: async () => {
      connection.close();
      await server[Symbol.asyncDispose]();
    },
  };
};

describe("a unary gRPC client", () => {
  it.each([
    ["in one piece", [RETRY]],
    ["byte by byte", RETRY.map((byte) => [byte])],
    ["across its prefix", [RETRY.slice(0, 3), RETRY.slice(3, 6), RETRY.slice(6)]],
  ])("reads an answer that comes %s", async (_, chunks) => {
    await using app = await start(answerWith(chunks));
    expect((await app.call()).status).toBe(1);
  });

  it("sends method, deadline and headers, those of each call over its own", async () => {
    let seen: IncomingHttpHeaders = {};
    const behave: Behaviour = (stream, headers) => {
      seen = headers;
      answerWith([RETRY])(stream, headers);
    };
    await using app = await start(behave, { timeoutMs: 9_000, headers: { "dapr-api-token": "t", a: "1" } });
    await app.call({ timeoutMs: 1_500, headers: { a: "2" } });
    expect(seen).toMatchObject({
      ":method": "POST",
      ":path": "/dapr.proto.runtime.v1.AppCallback/OnTopicEvent",
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-timeout": "1500m",
      "dapr-api-token": "t",
      a: "2",
    });
  });

  it("knows what the other side answered from what happened to the connection", async () => {
    const trailersOnly: Behaviour = (stream) =>
      stream.respond({ ...HEAD, "grpc-status": "14", "grpc-message": "draining %E2%9C%93" }, { endStream: true });
    await using app = await start(trailersOnly);
    await expect(app.call()).rejects.toMatchObject({
      code: Code.Unavailable,
      rawMessage: "draining ✓",
      isWireError: true,
    });
  });

  it("believes a status behind half an answer, and no answer without a status", async () => {
    await using failing = await start(answerWith([RETRY.slice(0, 6)], "13"));
    await expect(failing.call()).rejects.toMatchObject({ code: Code.Internal, isWireError: true });
    await using silent = await start(answerWith([RETRY], null));
    await expect(silent.call()).rejects.toMatchObject({ code: Code.Internal, isWireError: false });
  });

  it.each([
    ["cut off", [RETRY.slice(0, 6)]],
    ["empty", []],
    ["two messages", [RETRY, RETRY]],
    ["compressed", [[1, ...RETRY.slice(1)]]],
    ["no message of the method's", [[0, 0, 0, 0, 1, 0xff]]],
  ])(
    "takes an answer that cannot be read for a fault of the other side, never for unimplemented: %s",
    async (_, chunks) => {
      await using app = await start(answerWith(chunks));
      await expect(app.call()).rejects.toMatchObject({ code: Code.Internal, isWireError: false });
    },
  );

  it.each([
    [constants.NGHTTP2_REFUSED_STREAM, Code.Unavailable],
    [constants.NGHTTP2_CANCEL, Code.Canceled],
    [constants.NGHTTP2_INTERNAL_ERROR, Code.Internal],
  ])("takes a stream that is reset with %i for code %i", async (reset, code) => {
    await using app = await start((stream) => stream.close(reset));
    await expect(app.call()).rejects.toMatchObject({ code, isWireError: false });
  });

  it("knows somebody who speaks no gRPC", async () => {
    await using app = await start((stream) => stream.respond({ ":status": 503 }, { endStream: true }));
    await expect(app.call()).rejects.toMatchObject({ code: Code.Unavailable, isWireError: false });
  });

  it("finds nobody listening unavailable, and the one who comes later", async () => {
    const first = await start(answerWith([RETRY]));
    const { port } = first.server;
    await first[Symbol.asyncDispose]();
    const connection = holdConnection({ host: "127.0.0.1", port });
    const call = () => createUnaryClient(AppCallback, connection).onTopicEvent({});
    await expect(call()).rejects.toMatchObject({
      code: Code.Unavailable,
      message: expect.stringContaining("ECONNREFUSED"),
    });
    const raw = createServer();
    raw.on("stream", answerWith([RETRY]));
    await using _ = await listen(raw, port);
    expect((await call()).status).toBe(1);
    expect(connection.opened).toBe(2);
    connection.close();
  });

  it("finds a connection that breaks under a call unavailable, and makes another one", async () => {
    let calls = 0;
    await using app = await start((stream, headers) => {
      if (++calls === 1) stream.session?.destroy();
      else answerWith([RETRY])(stream, headers);
    });
    await expect(app.call()).rejects.toMatchObject({ code: Code.Unavailable, isWireError: false });
    expect((await app.call()).status).toBe(1);
    expect(app.connection.opened).toBe(2);
  });

  it("makes another connection where one has had too much", async () => {
    let calls = 0;
    await using app = await start((stream, headers) => {
      if (++calls === 1) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      else answerWith([RETRY])(stream, headers);
    });
    await expect(app.call()).rejects.toMatchObject({ code: Code.ResourceExhausted });
    expect((await app.call()).status).toBe(1);
    expect(app.connection.opened).toBe(2);
  });

  it("is answered after any number of big requests that nobody took", async () => {
    const raw = createServer();
    raw.on("stream", (stream, headers) => {
      stream.on("error", () => undefined);
      // Not read: most of it never leaves the caller.
      if (headers["x-left"] !== undefined) return;
      stream.resume();
      answerWith([RETRY])(stream, headers);
    });
    await using server = await listen(raw);
    const connection = holdConnection({ host: "127.0.0.1", port: server.port });
    const app = createUnaryClient(AppCallback, connection);
    const data = new Uint8Array(300_000);
    for (let left = 0; left < 120; left++) {
      const call = app.onTopicEvent({ id: "1", data }, { timeoutMs: 2, headers: { "x-left": "yes" } });
      await expect(call).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    }
    // One at most is refused.
    await app.onTopicEvent({ id: "1" }).catch(() => undefined);
    expect((await app.onTopicEvent({ id: "1" })).status).toBe(1);
    connection.close();
  });

  it("lets calls finish on a connection that says goodbye, and makes new ones on another", async () => {
    const finish = Promise.withResolvers<void>();
    let calls = 0;
    await using app = await start(async (stream, headers) => {
      if (++calls === 1) {
        stream.session?.goaway(constants.NGHTTP2_NO_ERROR);
        await finish.promise;
      }
      answerWith([RETRY])(stream, headers);
    });
    const first = app.call();
    await expect.poll(() => calls).toBe(1);
    await expect
      .poll(async () => {
        await app.call();
        return app.connection.opened;
      })
      .toBe(2);
    finish.resolve();
    expect((await first).status).toBe(1);
  });

  it("gives up at the deadline, and tells the other side", async () => {
    const reset = Promise.withResolvers<number | undefined>();
    await using app = await start((stream) => stream.once("close", () => reset.resolve(stream.rstCode)));
    await expect(app.call({ timeoutMs: 20 })).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    expect(await reset.promise).toBe(constants.NGHTTP2_CANCEL);
  });

  it("gives up when its caller does, before the call as well as within", async () => {
    await using app = await start(() => undefined);
    const controller = new AbortController();
    const call = app.call({ signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: Code.Canceled, isWireError: false });
    await expect(app.call({ signal: controller.signal })).rejects.toMatchObject({ code: Code.Canceled });
  });

  it("ends calls in flight when it is closed, and makes none after that", async () => {
    await using app = await start(() => app.connection.close());
    await expect(app.call()).rejects.toMatchObject({ code: Code.Unavailable });
    await expect(app.call()).rejects.toMatchObject({ code: Code.Unavailable });
    expect(app.connection.opened).toBe(1);
  });

  it("notices by pings that a connection is dead without a word", async () => {
    const sockets: { destroy(): void }[] = [];
    const dead = createTcpServer((socket) => void sockets.push(socket.on("error", () => undefined)));
    await new Promise<void>((resolve) => dead.listen(0, "127.0.0.1", resolve));
    const { port } = dead.address() as { port: number };
    const connection = holdConnection({ host: "127.0.0.1", port, ping: { intervalMs: 20, timeoutMs: 20 } });
    const call = createUnaryClient(AppCallback, connection).onTopicEvent({});
    await expect(call).rejects.toMatchObject({ code: Code.Unavailable });
    connection.close();
    for (const socket of sockets) socket.destroy();
    dead.close();
  });

  it("asks before a call after a long silence, and takes another connection if nobody answers", async () => {
    await using app = await start(answerWith([RETRY]), undefined, { intervalMs: 10, timeoutMs: 1_000 });
    await app.call();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect((await app.call()).status).toBe(1);
    expect(app.connection.opened).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    app.server.cut();
    expect((await app.call()).status).toBe(1);
    expect(app.connection.opened).toBe(2);
  });
});
