import { createDapr } from "@tandem/dapr";
import { captureLog, pollUntil } from "@tandem/testkit";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startEmbeddedSidecars } from "../src/index.ts";
import { createMessageLog } from "../src/message-log.ts";
import { openStorage } from "../src/open-storage.ts";
import { event } from "./contract/world.ts";
import { runInProcess } from "./run-in-process.ts";
import { startTestWorker } from "./test-worker.ts";

const log = captureLog().log;

describe("the embedded sidecar", () => {
  it("keeps what is published while its process is down, and delivers it after", async () => {
    await using run = await runInProcess();
    const stuck = Promise.withResolvers<"ack">();
    const sent = event();
    run.worker.answerWith((_event, n) => (n === 1 ? stuck.promise : "ack"));
    await run.publish(sent);
    await run.worker.waitFor(sent.id, "thing.created");
    const stopping = run.sidecars.stop();
    stuck.resolve("ack");
    await stopping;
    expect(await run.undelivered()).toBe(0);

    await using restarted = await startEmbeddedSidecars({
      databaseUrl: run.database.url,
      componentsDir: run.componentsDir,
      apps: [{ appId: "worker", grpcPort: 0, httpPort: 0, appPort: run.worker.port, appProtocol: "grpc" }],
      log,
    });
    await pollUntil(() => restarted.sidecar("worker").healthy, {});
    expect(run.worker.of(sent.id)).toHaveLength(1);
  });

  it("wakes the sidecar of another process at once", async () => {
    await using run = await runInProcess();
    await using other = await startEmbeddedSidecars({
      databaseUrl: run.database.url,
      componentsDir: run.componentsDir,
      apps: [{ appId: "caller", grpcPort: 0, httpPort: 0, appProtocol: "http" }],
      log,
    });
    const dapr = createDapr(other.sidecar("caller"));
    const sent = event();
    await dapr.publisher("pubsub").publish([sent], AbortSignal.timeout(5_000));
    await run.worker.waitFor(sent.id, "thing.created");
    dapr.close();
  });

  it("does not wait for ever for an app that does not answer", async () => {
    await using run = await runInProcess();
    const answered = Promise.withResolvers<"ack">();
    run.worker.answerWith(() => answered.promise);
    const sent = event();
    await run.publish(sent);
    await run.worker.waitFor(sent.id, "thing.created");
    await run.sidecars.stop();
    expect(await run.undelivered()).toBe(1);
    answered.resolve("ack");
  });

  it("gives a new subscription all that is retained", async () => {
    await using run = await runInProcess();
    const sent = event();
    await run.publish(sent);
    await run.worker.waitFor(sent.id, "thing.created");
    await using newcomer = await startTestWorker({
      topics: [{ topic: "thing.created", deadLetterTopic: "bulk-worker.dead-letters" }],
    });
    await using _sidecars = await startEmbeddedSidecars({
      databaseUrl: run.database.url,
      componentsDir: run.componentsDir,
      apps: [{ appId: "bulk-worker", grpcPort: 0, httpPort: 0, appPort: newcomer.port, appProtocol: "grpc" }],
      log,
    });
    await newcomer.waitFor(sent.id, "thing.created");
  });

  it("drops what an app does not listen to any more, with what was left of it; again, it is a new subscription", async () => {
    await using run = await runInProcess();
    const subscriptions = async (appId: string) =>
      (
        await run.database.database.pool.query<{ topic: string }>(
          "select topic from sidecar.subscription where app_id = $1 order by topic",
          [appId],
        )
      ).rows.map(({ topic }) => topic);
    run.worker.answerWith(() => "retry");
    const left = event();
    await run.publish(left);
    await run.worker.waitFor(left.id, "thing.created");
    expect(await run.undelivered()).toBe(1);

    await run.worker.down();
    await pollUntil(() => !run.sidecars.sidecar("worker").healthy);
    // The part of a worker that runs jobs only asks for nothing, and takes nothing away.
    await run.worker.up([]);
    await pollUntil(() => run.sidecars.sidecar("worker").healthy);
    expect(await run.undelivered()).toBe(1);
    await run.worker.down();
    await pollUntil(() => !run.sidecars.sidecar("worker").healthy);
    await run.worker.up([{ topic: "cart.updated", deadLetterTopic: "worker.dead-letters" }]);
    await pollUntil(async () => (await run.undelivered()) === 0, {
      message: "the delivery that nobody takes being gone",
    });
    await expect.poll(() => subscriptions("worker")).toEqual(["cart.updated"]);
    const unheard = event();
    await run.publish(unheard);
    expect(await run.undelivered()).toBe(0);

    run.worker.answerWith(() => "ack");
    await run.worker.down();
    await pollUntil(() => !run.sidecars.sidecar("worker").healthy);
    await run.worker.up([{ topic: "thing.created", deadLetterTopic: "worker.dead-letters" }]);
    await run.worker.waitFor(unheard.id, "thing.created");
    expect(await subscriptions("worker")).toEqual(["thing.created"]);
  });

  it("goes on when all of its connections to Postgres are cut", async () => {
    await using run = await runInProcess();
    const admin = run.database.database.pool;
    await admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'embedded-sidecar%'",
    );
    const sent = event();
    await pollUntil(async () => (await run.publish(sent))[0]?.status === "sent", {});
    await run.worker.waitFor(sent.id, "thing.created");
    await pollUntil(async () => (await run.undelivered()) === 0, {});
    const present =
      "SELECT FROM pg_stat_activity WHERE application_name = 'embedded-sidecar listener' AND datname = current_database()";
    await pollUntil(async () => (await admin.query(present)).rowCount === 1, { message: "its presence" });
  });

  it("delivers again, long before a lease ends, what a crash of Postgres made of a delivery that had ended", async () => {
    await using run = await runInProcess();
    const admin = run.database.database.pool;
    const sent = event();
    await run.publish(sent);
    await run.worker.waitFor(sent.id, "thing.created");
    await pollUntil(async () => (await run.undelivered()) === 0, {});
    // Acknowledgements are not flushed: after a crash the claim may stand there again as if nobody had ended it.
    await admin.query(
      `INSERT INTO sidecar.delivery (subscription_id, message_id, due_at, holder)
       SELECT s.id, m.id, now() + interval '1 hour',
         (SELECT objid::bigint::int FROM pg_locks WHERE locktype = 'advisory' AND classid = $1
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
       FROM sidecar.message m JOIN sidecar.subscription s USING (pubsub, topic)`,
      [0x7a_de_50],
    );
    expect(await run.undelivered()).toBe(1);
    await admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'embedded-sidecar%'",
    );
    await pollUntil(async () => (await run.undelivered()) === 0, { message: "the delivery being ended again" });
    expect(run.worker.of(sent.id)).toHaveLength(2);
  });

  it("delivers an event whose trace is nothing that a header could carry", async () => {
    await using run = await runInProcess();
    const sent = event({ traceparent: "täglich\r\nx: y" });
    await run.publish(sent);
    expect(await run.worker.waitFor(sent.id, "thing.created")).toMatchObject({ data: sent.data });
    await pollUntil(async () => (await run.undelivered()) === 0, {});
  });

  it("takes over what a dead process had claimed, and leaves alone what a living one has", async () => {
    await using run = await runInProcess();
    await run.sidecars.stop();
    const living = await openStorage({ databaseUrl: run.database.url });
    const messages = createMessageLog(living);
    const id = await messages.subscribe("worker", "pubsub", "thing.created");
    await messages.publish([{ pubsub: "pubsub", topic: "thing.created", event: "{}" }]);
    expect(await messages.claim([{ subscriptionId: id, limit: 10 }])).toHaveLength(1);

    await using second = await openStorage({ databaseUrl: run.database.url });
    const other = createMessageLog(second);
    expect(await other.claim([{ subscriptionId: id, limit: 10 }])).toEqual([]);
    await living[Symbol.asyncDispose]();

    await using third = await openStorage({ databaseUrl: run.database.url });
    const claimed = await createMessageLog(third).claim([{ subscriptionId: id, limit: 10 }]);
    expect(claimed).toHaveLength(1);
  });

  it("writes nothing for a process whose claim has gone to another", async () => {
    await using run = await runInProcess();
    await run.sidecars.stop();
    await using one = await openStorage({ databaseUrl: run.database.url });
    await using two = await openStorage({ databaseUrl: run.database.url });
    const slow = createMessageLog(one, 1);
    const id = await slow.subscribe("worker", "pubsub", "thing.created");
    await slow.publish([{ pubsub: "pubsub", topic: "thing.created", event: "{}" }]);
    const [mine] = await slow.claim([{ subscriptionId: id, limit: 1 }]);
    const fast = createMessageLog(two);
    const [theirs] = await pollUntil(async () => {
      const claimed = await fast.claim([{ subscriptionId: id, limit: 1 }]);
      return claimed.length > 0 ? claimed : undefined;
    }, {});
    expect(theirs?.messageId).toBe(mine?.messageId);
    if (mine === undefined) throw new Error("nothing was claimed");
    await slow.acknowledge(mine);
    await slow.reschedule(mine, 0, true);
    await slow.deadLetter(mine, "worker.dead-letters");
    expect(await run.undelivered()).toBe(1);
    await fast.acknowledge(mine);
    expect(await run.undelivered()).toBe(0);
  });

  it("forgets delivered messages after their time, or beyond their number, and no others", async () => {
    await using run = await runInProcess();
    await run.sidecars.stop();
    await using storage = await openStorage({ databaseUrl: run.database.url });
    const messages = createMessageLog(storage);
    const publish = (topic: string) => messages.publish([{ pubsub: "pubsub", topic, event: "{}" }]);
    await publish("thing.created"); // waits for its worker
    for (let n = 0; n < 5; n++) await publish("nobody.listens");
    expect(await messages.removeDelivered(60_000, 100)).toBe(0);
    expect(await messages.removeDelivered(60_000, 3)).toBe(2);
    expect(await messages.removeDelivered(0, 100)).toBe(3);
    expect(await run.undelivered()).toBe(1);
    // More than one look's worth, behind one that must stay.
    const many = Array.from({ length: 2_100 }, () => ({ pubsub: "pubsub", topic: "nobody.listens", event: "{}" }));
    await messages.publish(many);
    expect(await messages.removeDelivered(60_000, 100)).toBe(2_000);
    expect(await messages.removeDelivered(0, 100_000)).toBe(100);
    expect(await run.undelivered()).toBe(1);
  });

  it("loses no message to a subscription that is made while publishers write", async () => {
    await using run = await runInProcess();
    await run.sidecars.stop();
    await using storage = await openStorage({ databaseUrl: run.database.url });
    const messages = createMessageLog(storage);
    const message = { pubsub: "pubsub", topic: "busy", event: "{}" };
    const writing = Array.from({ length: 200 }, () => messages.publish([message]));
    const subscribing = messages.subscribe("late", "pubsub", "busy");
    await Promise.all(writing);
    const id = await subscribing;
    const { rows } = await storage.pool.query(
      "SELECT count(*)::int AS n FROM sidecar.delivery WHERE subscription_id = $1",
      [id],
    );
    expect(rows[0].n).toBe(200);
  });
});

describe("the embedded sidecar in a cluster", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("refuses to start", async () => {
    vi.stubEnv("KUBERNETES_SERVICE_HOST", "10.0.0.1");
    const starting = startEmbeddedSidecars({ databaseUrl: "postgres://nowhere", componentsDir: ".", apps: [], log });
    await expect(starting).rejects.toMatchObject({ code: "sidecar.in_cluster" });
  });
});
