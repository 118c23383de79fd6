import {
  type ClientHttp2Session,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { pollUntil } from "@tandem/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppCallback, TopicEventRequestSchema } from "../../src/protocol.ts";
import { toFrame } from "../../src/unary-grpc/frame.ts";
import { methodsOf, type UnaryAnswers } from "../../src/unary-grpc/methods.ts";
import { createUnaryServer } from "../../src/unary-grpc/serve-unary.ts";
import { listen } from "./listen.ts";

const PATH = "/dapr.proto.runtime.v1.AppCallback/OnTopicEvent";
const event = toBinary(TopicEventRequestSchema, create(TopicEventRequestSchema, { id: "1" }));
const UNIMPLEMENTED = String(Code.Unimplemented);

interface Answered {
  readonly head: IncomingHttpHeaders;
  readonly status: unknown;
  readonly bytes: Buffer;
}

const call = (session: ClientHttp2Session, chunks: readonly Uint8Array[], headers: OutgoingHttpHeaders = {}) =>
  new Promise<Answered>((resolve) => {
    const stream = session.request({
      ":method": "POST",
      ":path": PATH,
      "content-type": "application/grpc",
      ...headers,
    });
    let head: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders | undefined;
    const body: Buffer[] = [];
    stream.on("response", (given) => {
      head = given;
    });
    stream.on("trailers", (given) => {
      trailers = given;
    });
    stream.on("data", (chunk: Buffer) => body.push(chunk));
    stream.on("error", () => undefined);
    stream.on("close", () => resolve({ head, status: (trailers ?? head)["grpc-status"], bytes: Buffer.concat(body) }));
    for (const chunk of chunks) if (stream.writable) stream.write(chunk);
    stream.end();
  });

const start = async (answers: UnaryAnswers<typeof AppCallback>, maxBytes?: number) => {
  const server = await listen(createUnaryServer(methodsOf(AppCallback, answers), maxBytes));
  const session = connect(`http://127.0.0.1:${server.port}`);
  session.on("error", () => undefined);
  return {
    session,
    port: server.port,
    [Symbol.asyncDispose]: async () => {
      session.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
};

const echo: UnaryAnswers<typeof AppCallback> = { onTopicEvent: () => ({ status: 2 }) };

describe("a unary gRPC server", () => {
  it("answers with one frame and a status behind it", async () => {
    await using app = await start(echo);
    const { head, status, bytes } = await call(app.session, [toFrame(event)]);
    expect(head).toMatchObject({ ":status": 200, "content-type": "application/grpc" });
    expect([status, [...bytes]]).toEqual(["0", [0, 0, 0, 0, 2, 8, 2]]);
  });

  it.each([
    ["a method that nobody serves", { ":path": "/dapr.proto.runtime.v1.AppCallback/OnInvoke" }, UNIMPLEMENTED],
    ["a path that is none", { ":path": "/constructor" }, UNIMPLEMENTED],
    ["compression", { "grpc-encoding": "gzip" }, UNIMPLEMENTED],
    ["a timeout that is none", { "grpc-timeout": "soon" }, String(Code.InvalidArgument)],
  ])("refuses %s, with a status", async (_, headers, status) => {
    await using app = await start(echo);
    expect((await call(app.session, [toFrame(event)], headers)).status).toBe(status);
  });

  it.each([
    ["a GET", { ":method": "GET" }, 405],
    ["JSON", { "content-type": "application/grpc+json" }, 415],
    ["a web page's form", { "content-type": "text/plain" }, 415],
  ])("refuses %s, which is no gRPC", async (_, headers, status) => {
    await using app = await start(echo);
    expect((await call(app.session, [], headers)).head[":status"]).toBe(status);
  });

  it.each([
    ["no message", [], UNIMPLEMENTED],
    ["two messages", [toFrame(event), toFrame(event)], UNIMPLEMENTED],
    ["half a message", [toFrame(event).subarray(0, 6)], String(Code.InvalidArgument)],
    ["a message that is none of the method's", [toFrame(Uint8Array.of(0xff))], String(Code.InvalidArgument)],
    ["a frame that is compressed", [Uint8Array.of(1, 0, 0, 0, 0)], String(Code.Internal)],
    ["a message over the limit", [toFrame(new Uint8Array(2_000_000))], String(Code.ResourceExhausted)],
    ["the promise of one", [Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff)], String(Code.ResourceExhausted)],
  ])("refuses %s", async (_, chunks, status) => {
    await using app = await start(echo, 1_000_000);
    expect((await call(app.session, chunks)).status).toBe(status);
  });

  it("takes a big message, and one that comes byte by byte", async () => {
    const sizes: number[] = [];
    await using app = await start({
      onTopicEvent: ({ data }) => {
        sizes.push(data.length);
        return {};
      },
    });
    const big = toBinary(TopicEventRequestSchema, create(TopicEventRequestSchema, { data: new Uint8Array(3_000_000) }));
    expect((await call(app.session, [toFrame(big)])).status).toBe("0");
    expect(
      (
        await call(
          app.session,
          Array.from(toFrame(event), (byte) => Uint8Array.of(byte)),
        )
      ).status,
    ).toBe("0");
    expect(sizes).toEqual([3_000_000, 0]);
  });

  it("tells a caller the error that was meant for it, and nothing of others", async () => {
    const failures = [new ConnectError("50% täglich", Code.Aborted), new Error("password=secret")];
    await using app = await start({
      onTopicEvent: () => {
        throw failures.shift();
      },
    });
    expect((await call(app.session, [toFrame(event)])).head).toMatchObject({
      "grpc-status": "10",
      "grpc-message": "50%25 t%C3%A4glich",
    });
    expect((await call(app.session, [toFrame(event)])).head).toMatchObject({
      "grpc-status": "13",
      "grpc-message": "internal error",
    });
  });

  it("ends a call whose time is over, and tells its handler so", async () => {
    const reasons: unknown[] = [];
    await using app = await start({
      onTopicEvent: (_, { signal }) =>
        new Promise(() => signal.addEventListener("abort", () => reasons.push(signal.reason))),
    });
    expect((await call(app.session, [toFrame(event)], { "grpc-timeout": "20m" })).status).toBe("4");
    expect(reasons).toMatchObject([{ code: Code.DeadlineExceeded }]);
  });

  it("tells a handler that its caller is gone, also one that asks late", async () => {
    const gone = Promise.withResolvers<void>();
    let reason: unknown;
    await using app = await start({
      onTopicEvent: async (_, served) => {
        await gone.promise;
        reason = served.signal.reason;
        return {};
      },
    });
    const stream = app.session.request({ ":method": "POST", ":path": PATH, "content-type": "application/grpc" });
    stream.end(toFrame(event));
    stream.on("error", () => undefined);
    setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), 30);
    stream.once("close", () => setTimeout(gone.resolve, 30));
    await pollUntil(() => reason !== undefined, {});
    expect(reason).toMatchObject({ code: Code.Canceled });
  });

  it("lives on, whatever bytes and headers come", async () => {
    await using app = await start(echo);
    const headers = fc.dictionary(fc.stringMatching(/^[a-z-]{1,12}$/), fc.stringMatching(/^[!-~]{0,40}$/));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 3 }), headers, async (chunks, given) => {
        const { te, connection, upgrade, ...rest } = given;
        const { head } = await call(app.session, chunks, rest);
        expect(head[":status"]).toBeGreaterThanOrEqual(200);
      }),
      { numRuns: 50 },
    );
    const large = { "x-large": "a".repeat(60_000), "x-more": "b".repeat(60_000) };
    const other = connect(`http://127.0.0.1:${app.port}`);
    other.on("error", () => undefined);
    await call(other, [toFrame(event)], large).catch(() => undefined);
    other.destroy();
    expect((await call(app.session, [toFrame(event)])).status).toBe("0");
  });
});
