import { InMemorySpanExporter } from "@opentelemetry/sdk-trace";
import { PaymentFailedSchema } from "@tandem/contracts/payment";
import { newId } from "@tandem/kernel";
import { createDatabase } from "@tandem/postgres";
import { createMetrics, createTelemetry, currentContext } from "@tandem/runtime";
import type { TestDatabase } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BulkDelivery, type Consumer, createOutbox, deadLetterStore, defineConsumer } from "../src/index.ts";
import { consumerOf, effectsOf, hostOf, incoming, openConsumerDatabase, writeEffect } from "./consumer-support.ts";
import { eventOf } from "./support.ts";

let db: TestDatabase;
beforeEach(async () => {
  db = await openConsumerDatabase();
});
afterEach(() => db.dispose());

const inbox = async () => (await db.database.query("select consumer, event_id from tandem.inbox")).rows;
const attempts = async () =>
  (await db.database.query<{ attempts: number }>("select attempts from tandem.consumer_attempt")).rows.map(
    (row) => row.attempts,
  );
const deadLetters = async () => (await deadLetterStore(db.database).list()).items;
const effectConsumer = (name = "order.on-payment-failed") =>
  consumerOf((_, context) => writeEffect(db.database, name, context), { name });

describe("a consumer", () => {
  it("gets the decoded message and what it needs to know about it", async () => {
    const event = incoming({ subject: "p-1" });
    let seen: unknown;
    const host = hostOf(db.database, [
      consumerOf(async (message, { id, subject, time, attempt, type, log }) => {
        log.info("working");
        seen = {
          orderId: message.orderId,
          id,
          subject,
          time,
          attempt,
          type,
          correlation: currentContext()?.correlationId,
        };
      }),
    ]);
    expect(await host.send({ ...event, correlationId: "c-1" })).toBe("ack");
    expect(seen).toEqual({
      orderId: "o-1",
      id: event.id,
      subject: "p-1",
      time: event.time,
      attempt: 1,
      type: event.type,
      correlation: "c-1",
    });
    expect(host.lines).toContainEqual(
      expect.objectContaining({ msg: "working", eventId: event.id, correlationId: "c-1" }),
    );
  });

  it("has its inbox row and its effect in one commit", async () => {
    const event = incoming();
    const host = hostOf(db.database, [
      consumerOf((_, context) =>
        db.database.transact(async (tx) => {
          const { rows } = await tx.client.query("select 1 from tandem.inbox where event_id = $1", [context.id]);
          expect(rows).toHaveLength(1);
          expect(await inbox()).toEqual([]);
        }),
      ),
    ]);
    expect(await host.send(event)).toBe("ack");
    expect(await inbox()).toEqual([{ consumer: "order.on-payment-failed", event_id: event.id }]);
  });

  it("leaves nothing behind of an event that it ignores, and looks at it again when it comes again", async () => {
    const event = incoming();
    let looks = 0;
    const host = hostOf(db.database, [
      consumerOf(async (_, context) => {
        looks += 1;
        context.ignore();
      }),
    ]);
    for (let n = 0; n < 2; n += 1) expect(await host.send(event)).toBe("ack");
    expect(looks).toBe(2);
    expect(await inbox()).toEqual([]);
  });

  it("has its inbox row for an effect that it has in spite of ignoring the event", async () => {
    const event = incoming();
    const host = hostOf(db.database, [
      consumerOf((_, context) => {
        context.ignore();
        return writeEffect(db.database, "order.on-payment-failed", context);
      }),
    ]);
    for (let n = 0; n < 2; n += 1) expect(await host.send(event)).toBe("ack");
    expect(await inbox()).toHaveLength(1);
    expect(await effectsOf(db.database)).toHaveLength(1);
  });

  it("has neither when it fails", async () => {
    const host = hostOf(db.database, [
      consumerOf(async (_, context) => {
        await db.database.transact(async (tx) => {
          await tx.client.query("insert into effect (event_id) values ($1)", [context.id]);
          throw new Error("boom");
        });
      }),
    ]);
    expect(await host.send(incoming())).toBe("retry");
    expect(await inbox()).toEqual([]);
    expect(await effectsOf(db.database)).toEqual([]);
  });

  it("acknowledges a duplicate without an effect", async () => {
    const event = incoming();
    const host = hostOf(db.database, [effectConsumer()]);
    expect([await host.send(event), await host.send(event), await host.send(event)]).toEqual(["ack", "ack", "ack"]);
    expect(await effectsOf(db.database)).toEqual([event.id]);
  });

  it("has one effect when the same event arrives at several workers at once", async () => {
    const event = incoming();
    const hosts = Array.from({ length: 6 }, () => hostOf(db.database, [effectConsumer()]));
    expect(new Set(await Promise.all(hosts.map((host) => host.send(event))))).toEqual(new Set(["ack"]));
    expect(await effectsOf(db.database)).toEqual([event.id]);
  });

  it("does not run an event again that its broker redelivers because the acknowledgement was lost", async () => {
    const event = incoming();
    const first = hostOf(db.database, [effectConsumer()]);
    await first.send(event);
    const afterRestart = hostOf(db.database, [effectConsumer()]);
    expect(await afterRestart.send(event)).toBe("ack");
    expect(await effectsOf(db.database)).toHaveLength(1);
  });

  it("that opens no transaction gets its inbox row afterwards", async () => {
    let runs = 0;
    const event = incoming();
    const host = hostOf(db.database, [
      consumerOf(async () => {
        runs += 1;
      }),
    ]);
    await host.send(event);
    expect(await inbox()).toHaveLength(1);
    expect(runs).toBe(1);
  });

  it("that opens a second transaction is a mistake: dead letter at once, first effect kept", async () => {
    const host = hostOf(db.database, [
      consumerOf(async (_, context) => {
        await writeEffect(db.database, "x", context);
        await writeEffect(db.database, "x", context);
      }),
    ]);
    expect(await host.send(incoming())).toBe("ack");
    expect(await deadLetters()).toMatchObject([
      { reason: "permanent", error: { code: "postgres.second_transaction" } },
    ]);
  });

  it("of the same topic as another has an inbox and a fate of its own", async () => {
    const event = incoming();
    let broken = true;
    const host = hostOf(db.database, [
      effectConsumer("order.first"),
      consumerOf(
        async (_, context) => {
          if (broken) throw new Error("not yet");
          await writeEffect(db.database, "order.second", context);
        },
        { name: "order.second" },
      ),
    ]);
    expect(await host.send(event)).toBe("retry");
    broken = false;
    expect(await host.send(event)).toBe("ack");
    expect(await effectsOf(db.database)).toEqual([event.id, event.id]);
    expect(await inbox()).toHaveLength(2);
    expect(await attempts()).toEqual([]);
  });
});

describe("the host", () => {
  it("subscribes to each topic once with the worker's dead-letter topic, and to that", () => {
    const host = hostOf(db.database, [effectConsumer("order.first"), effectConsumer("order.second")]);
    expect(host.topics).toEqual([
      { topic: "payment.failed", deadLetterTopic: "order-worker.dead-letters" },
      { topic: "order-worker.dead-letters", deadLetterTopic: undefined },
    ]);
    expect(host.consumers.map(({ name }) => name)).toEqual(["order.first", "order.second"]);
  });

  it("asks for several events a call where every consumer of a topic does, as few and as soon as the most reluctant wants", () => {
    const asking = (name: string, bulk?: BulkDelivery) =>
      defineConsumer({ name, event: PaymentFailedSchema, handle: async () => {}, ...(bulk ? { bulk } : {}) });
    const bulkOf = (...consumers: Consumer[]) => hostOf(db.database, consumers).topics[0]?.bulk;
    const many = asking("order.many", { maxMessages: 100, maxAwaitMs: 50 });
    const soon = asking("order.soon", { maxMessages: 200, maxAwaitMs: 10 });
    expect(bulkOf(many, soon)).toEqual({ maxMessages: 100, maxAwaitMs: 10 });
    expect(bulkOf(many, asking("order.single"))).toBeUndefined();
  });

  it("refuses two consumers of one name, and names that are none", () => {
    expect(() => hostOf(db.database, [effectConsumer(), effectConsumer()])).toThrow(/same name/);
    expect(() => defineConsumer({ name: "Nope", event: PaymentFailedSchema, handle: async () => {} })).toThrow(/Nope/);
  });

  it("drops what it has no consumer for, so that the broker keeps it", async () => {
    const host = hostOf(db.database, [effectConsumer()]);
    expect(await host.send(incoming({ topic: "nobody.asked" }))).toBe("drop");
  });

  it("drains: what is in flight ends, what comes goes back", async () => {
    const gate = Promise.withResolvers<void>();
    const host = hostOf(db.database, [
      consumerOf(async (_, context) => {
        await gate.promise;
        await writeEffect(db.database, "x", context);
      }),
    ]);
    const running = host.send(incoming());
    const draining = host.drain();
    expect(await host.send(incoming())).toBe("retry");
    gate.resolve();
    await draining;
    expect(await running).toBe("ack");
    expect(await effectsOf(db.database)).toHaveLength(1);
  });

  it("sends events back while its database is away, and counts nothing against them", async () => {
    const away = createDatabase({ url: "postgres://nobody:x@127.0.0.1:1/none", name: "away", acquireTimeoutMs: 200 });
    const host = hostOf(away, [consumerOf((_, context) => writeEffect(away, "x", context))]);
    expect(await host.send(incoming())).toBe("retry");
    expect(await host.send(incoming({ data: "garbage" }))).toBe("retry");
    await away.dispose();
  });

  it("counts deliveries by outcome, and dead letters by reason", async () => {
    const metrics = createMetrics({ service: "test" });
    const host = hostOf(db.database, [effectConsumer()], { metrics });
    const event = incoming();
    await host.send(event);
    await host.send(event);
    await host.send(incoming({ data: "[" }));
    const text = await metrics.text();
    const labels = 'consumer="order.on-payment-failed"';
    expect(text).toContain(`tandem_inbox_events_total{${labels},outcome="handled",service="test"} 1`);
    expect(text).toContain(`tandem_inbox_events_total{${labels},outcome="duplicate",service="test"} 1`);
    expect(text).toContain(`tandem_dead_letters_total{${labels},reason="undecodable",service="test"} 1`);
    expect(text).toContain(`tandem_inbox_handle_seconds_count{service="test",${labels}} 3`);
  });
});

describe("trace", () => {
  it("goes on from the publisher through the handler into the events that it adds", async () => {
    const exporter = new InMemorySpanExporter();
    const telemetry = createTelemetry({ service: "test", exporter });
    const outbox = createOutbox({ database: db.database, source: "order" });
    const host = hostOf(
      db.database,
      [consumerOf(() => db.database.transact((tx) => outbox.in(tx).add(eventOf("o-1"))))],
      { tracer: telemetry.tracer },
    );
    const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await host.send(incoming({ traceparent: parent, correlationId: "c-7" }));
    await telemetry.flush();
    const span = exporter.getFinishedSpans().find(({ name }) => name === "handle payment.failed");
    expect(span?.spanContext().traceId).toBe("0af7651916cd43dd8448eb211c80319c");
    expect(span?.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
    expect(span?.attributes).toMatchObject({ "tandem.event.outcome": "handled" });
    const { rows } = await db.database.query("select traceparent, correlation_id from tandem.outbox_event");
    expect(rows).toEqual([
      { traceparent: `00-0af7651916cd43dd8448eb211c80319c-${span?.spanContext().spanId}-01`, correlation_id: "c-7" },
    ]);
    await telemetry.shutdown();
  });

  it("goes on without a tracer, and an event without one starts none", async () => {
    const outbox = createOutbox({ database: db.database, source: "order" });
    const host = hostOf(db.database, [consumerOf(() => db.database.transact((tx) => outbox.in(tx).add(eventOf("o"))))]);
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await host.send(incoming({ traceparent }));
    await host.send(incoming({ id: newId() }));
    const { rows } = await db.database.query("select traceparent from tandem.outbox_event order by seq");
    expect(rows).toEqual([{ traceparent }, { traceparent: null }]);
  });
});
