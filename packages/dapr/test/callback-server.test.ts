import { connect } from "node:http2";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { ConsumerHost, Delivery, IncomingEvent } from "@tandem/messaging";
import { createHealth } from "@tandem/runtime";
import { captureLog, pollUntil } from "@tandem/testkit";
import { describe, expect, it } from "vitest";
import { type AppCallbackServerOptions, createAppCallbackServer } from "../src/index.ts";
import { AppCallback, AppCallbackAlpha, AppCallbackHealthCheck, TopicEventStatus } from "../src/protocol.ts";

type Handler = (event: IncomingEvent, signal: AbortSignal) => Promise<Delivery>;

const hostOf = (deliver: Handler, topics?: ConsumerHost["topics"]): ConsumerHost => ({
  topics: topics ?? [
    { topic: "a", deadLetterTopic: "dead" },
    { topic: "dead", deadLetterTopic: undefined },
  ],
  consumers: [],
  deliver,
  redeliver: async () => "drop",
  drain: async () => undefined,
});

const start = async (deliver: Handler, options: Partial<AppCallbackServerOptions> = {}) => {
  const health = createHealth();
  health.setServing(true);
  const { log, lines } = captureLog();
  const server = createAppCallbackServer({
    port: 0,
    consumers: hostOf(deliver),
    bindings: {},
    health,
    log,
    ...options,
  });
  const { port } = await server.start();
  const baseUrl = `http://127.0.0.1:${port}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  const transport = createGrpcTransport({ baseUrl, sessionManager });
  return {
    server,
    health,
    lines,
    callback: createClient(AppCallback, transport),
    alpha: createClient(AppCallbackAlpha, transport),
    healthCheck: createClient(AppCallbackHealthCheck, transport),
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      sessionManager.abort();
    },
  };
};

const data = new TextEncoder().encode("{}");
const request = {
  id: "1",
  topic: "a",
  pubsubName: "pubsub",
  type: "t",
  source: "s",
  dataContentType: "application/json",
  data,
};
const entry = (id: string, extensions: Record<string, string> = {}) => ({
  entryId: `entry-${id}`,
  event: { case: "cloudEvent" as const, value: { id, type: "t", source: "s", data, extensions } },
});

describe("the app callback server", () => {
  it("lists each topic with its dead-letter topic, which is its own last resort", async () => {
    await using app = await start(async () => "ack");
    const { subscriptions } = await app.callback.listTopicSubscriptions({});
    expect(subscriptions).toMatchObject([
      { pubsubName: "pubsub", topic: "a", deadLetterTopic: "dead" },
      { pubsubName: "pubsub", topic: "dead", deadLetterTopic: "dead" },
    ]);
  });

  it.each([
    ["ack", TopicEventStatus.SUCCESS],
    ["retry", TopicEventStatus.RETRY],
    ["drop", TopicEventStatus.DROP],
  ] as const)("answers %s", async (delivery, status) => {
    await using app = await start(async () => delivery);
    expect((await app.callback.onTopicEvent(request)).status).toBe(status);
  });

  it("answers RETRY for a host that throws, and logs why", async () => {
    await using app = await start(async () => {
      throw new Error("broken");
    });
    expect((await app.callback.onTopicEvent(request)).status).toBe(TopicEventStatus.RETRY);
    expect(app.lines).toContainEqual(expect.objectContaining({ msg: "delivery failed", eventId: "1" }));
  });

  it("hands over the event's own trace, and the call's only when it has none", async () => {
    const seen: (string | undefined)[] = [];
    await using app = await start(async ({ traceparent }) => {
      seen.push(traceparent);
      return "ack";
    });
    const headers = { traceparent: "00-11111111111111111111111111111111-1111111111111111-01" };
    const own = "00-22222222222222222222222222222222-2222222222222222-01";
    await app.callback.onTopicEvent({ ...request, extensions: { traceparent: own } }, { headers });
    await app.callback.onTopicEvent(request, { headers });
    await app.callback.onBulkTopicEvent({ topic: "a", entries: [entry("1", { traceparent: own })] }, { headers });
    expect(seen).toEqual([own, headers.traceparent, own]);
  });

  it.each(["stable", "alpha"] as const)("judges each entry of a bulk for itself (%s)", async (version) => {
    await using app = await start(async ({ id }) => {
      if (id === "3") throw new Error("broken");
      return id === "2" ? "drop" : "ack";
    });
    const bulk = { topic: "a", pubsubName: "pubsub", entries: ["1", "2", "3"].map((id) => entry(id)) };
    const { statuses } = await (version === "stable"
      ? app.callback.onBulkTopicEvent(bulk)
      : app.alpha.onBulkTopicEventAlpha1(bulk));
    expect(statuses).toMatchObject([
      { entryId: "entry-1", status: TopicEventStatus.SUCCESS },
      { entryId: "entry-2", status: TopicEventStatus.DROP },
      { entryId: "entry-3", status: TopicEventStatus.RETRY },
    ]);
  });

  it("handles no more events at a time than it was told, in a bulk as well", async () => {
    let running = 0;
    let most = 0;
    await using app = await start(
      async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running--;
        return "ack";
      },
      { concurrency: 3 },
    );
    await app.callback.onBulkTopicEvent({
      topic: "a",
      entries: Array.from({ length: 20 }, (_, i) => entry(String(i))),
    });
    expect(most).toBe(3);
  });

  it("asks for the token on what carries content, and not on questions, for which daprd sends none", async () => {
    await using app = await start(async () => "ack", { appApiToken: "secret" });
    await expect(app.callback.onTopicEvent(request)).rejects.toMatchObject({ code: Code.Unauthenticated });
    const wrong = { headers: { "dapr-api-token": "secret2" } };
    await expect(app.callback.onTopicEvent(request, wrong)).rejects.toMatchObject({ code: Code.Unauthenticated });
    const bulk = app.callback.onBulkTopicEvent({ topic: "a", entries: [] });
    await expect(bulk).rejects.toMatchObject({ code: Code.Unauthenticated });
    await expect(app.callback.onBindingEvent({ name: "x" })).rejects.toMatchObject({ code: Code.Unauthenticated });
    const right = { headers: { "dapr-api-token": "secret" } };
    expect((await app.callback.onTopicEvent(request, right)).status).toBe(TopicEventStatus.SUCCESS);
    expect((await app.callback.listTopicSubscriptions({})).subscriptions).toHaveLength(2);
    await app.healthCheck.healthCheck({});
  });

  it("is unhealthy when the binary is not ready, so that messages wait with the broker", async () => {
    await using app = await start(async () => "ack");
    await app.healthCheck.healthCheck({});
    const restore = app.health.addCheck("postgres", async () => {
      throw new Error("away");
    });
    await expect(app.healthCheck.healthCheck({})).rejects.toThrow(/postgres/);
    restore();
    await app.healthCheck.healthCheck({});
    app.health.setServing(false);
    await expect(app.healthCheck.healthCheck({})).rejects.toMatchObject({ code: Code.Unavailable });
  });

  it("drains: finishes what is in flight, sends back what comes, and says that it is unhealthy", async () => {
    const finish = Promise.withResolvers<Delivery>();
    let started = 0;
    await using app = await start(async () => {
      started++;
      return finish.promise;
    });
    const first = app.callback.onTopicEvent(request);
    await pollUntil(() => started === 1, {});
    const drained = app.server.drain();
    expect((await app.callback.onTopicEvent({ ...request, id: "2" })).status).toBe(TopicEventStatus.RETRY);
    await expect(app.healthCheck.healthCheck({})).rejects.toThrow(/draining/);
    await expect(Promise.race([drained.then(() => "drained"), Promise.resolve("waiting")])).resolves.toBe("waiting");
    finish.resolve("ack");
    await drained;
    expect((await first).status).toBe(TopicEventStatus.SUCCESS);
    expect(started).toBe(1);
  });

  it("does not let a stuck handler hold up the drain for ever", async () => {
    let started = false;
    let cutOff = false;
    await using app = await start(
      (_event, signal) =>
        new Promise((resolve) => {
          started = true;
          signal.addEventListener("abort", () => {
            cutOff = true;
            resolve("retry");
          });
        }),
      { drainTimeoutMs: 50 },
    );
    const stuck = app.callback.onTopicEvent(request).catch(() => "gone");
    await pollUntil(() => started, {});
    await app.server.stop();
    await stuck;
    await pollUntil(() => cutOff, { message: "the handler's signal" });
  });

  it("fires bindings with the time of firing, and reports what fails", async () => {
    const fired: Date[] = [];
    await using app = await start(async () => "ack", {
      bindings: {
        "cron-a": async (at) => void fired.push(at),
        "cron-b": async () => {
          throw new Error("broken");
        },
      },
    });
    expect((await app.callback.listInputBindings({})).bindings).toEqual(["cron-a", "cron-b"]);
    const metadata = { readTimeUTC: "2026-01-02 03:04:05.678901234 +0000 UTC" };
    await app.callback.onBindingEvent({ name: "cron-a", metadata });
    expect(fired).toEqual([new Date("2026-01-02T03:04:05.678Z")]);
    await expect(app.callback.onBindingEvent({ name: "cron-b" })).rejects.toMatchObject({ code: Code.Internal });
    await expect(app.callback.onBindingEvent({ name: "toString" })).rejects.toMatchObject({ code: Code.NotFound });
    expect(app.lines).toContainEqual(expect.objectContaining({ msg: "binding handler failed", binding: "cron-b" }));
  });

  it("answers a request whose address makes no URL, and lives", async () => {
    const { log } = captureLog();
    const consumers = hostOf(async () => "ack");
    const server = createAppCallbackServer({ port: 0, consumers, bindings: {}, health: createHealth(), log });
    const { port } = await server.start();
    const session = connect(`http://127.0.0.1:${port}`);
    const status = await new Promise((resolve, reject) => {
      session.once("error", reject);
      session
        .request({ ":method": "POST", ":path": "/dapr", ":authority": "a:99999" })
        .once("response", (headers) => resolve(headers[":status"]))
        .once("error", reject)
        .end();
    });
    expect(status).toBe(400);
    session.close();
    await server.stop();
  });

  it("does not start with subscriptions that would lose messages in silence", async () => {
    const topics = [
      { topic: "a", deadLetterTopic: "dead" },
      { topic: "a", deadLetterTopic: "dead" },
      { topic: "b", deadLetterTopic: undefined },
      { topic: "", deadLetterTopic: "dead" },
    ];
    const consumers = hostOf(async () => "ack", topics);
    const { log } = captureLog();
    const bindings = { "Not A Name": async () => undefined };
    const server = createAppCallbackServer({ port: 0, consumers, bindings, health: createHealth(), log });
    await expect(server.start()).rejects.toMatchObject({
      code: "dapr.subscription_invalid",
      message: expect.stringMatching(/without a topic.*Not A Name|a: subscribed twice.*b: no dead-letter topic/s),
    });
  });

  it("rejects when the port is taken", async () => {
    const { log } = captureLog();
    const options = { consumers: hostOf(async () => "ack"), bindings: {}, health: createHealth(), log };
    const first = createAppCallbackServer({ ...options, port: 0 });
    const { port } = await first.start();
    await expect(createAppCallbackServer({ ...options, port }).start()).rejects.toMatchObject({ code: "EADDRINUSE" });
    await first.stop();
  });
});
