import { createMetrics } from "@tandem/runtime";
import { pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OutboxEvent, PublishOutcome } from "../src/events.ts";
import { createRelay, type RelayOptions } from "../src/index.ts";
import { addEvents, balanceOf, eventOf, openTestDatabase, recordingPublisher, sentAll } from "./support.ts";

let db: TestDatabase;
const running: { stop(): Promise<void> }[] = [];
beforeEach(async () => {
  db = await openTestDatabase();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((relay) => relay.stop()));
  await db.dispose();
});

const startRelay = async (options: Omit<RelayOptions, "database">) => {
  const relay = createRelay({ database: db.database, retryMinDelayMs: 5, outageMinPauseMs: 5, ...options });
  running.push(relay);
  await relay.start(new AbortController().signal);
  return relay;
};

const idle = () =>
  pollUntil(async () => {
    const { pending, leased } = await balanceOf(db.database);
    return pending + leased === 0;
  });

const failing = (kind: "transient" | "permanent", { id }: OutboxEvent): PublishOutcome => ({
  id,
  status: "failed",
  kind,
  error: new Error(`${kind} failure`),
});

describe("relay", () => {
  it("publishes what was committed, with everything that consumers need", async () => {
    const publisher = recordingPublisher();
    await startRelay({ publisher });
    const event = eventOf("a-1");
    await addEvents(db.database, event);
    await idle();
    expect(publisher.published).toHaveLength(1);
    expect(publisher.published[0]).toMatchObject({ ...event, source: "order" });
    expect(publisher.published[0]?.time).toBeInstanceOf(Date);
    expect(await balanceOf(db.database)).toMatchObject({ pending: 0, leased: 0, sent: 1, dead: 0, inserted: 1 });
  });

  it("publishes what was committed before it started", async () => {
    await addEvents(db.database, ...Array.from({ length: 1_200 }, (_, n) => eventOf(`a-${n}`)));
    const publisher = recordingPublisher();
    await startRelay({ publisher, batchSize: 100 });
    await idle();
    expect(new Set(publisher.published.map(({ id }) => id)).size).toBe(1_200);
    expect(publisher.published).toHaveLength(1_200);
  });

  it("does not skip an event whose transaction commits after a later one", async () => {
    const publisher = recordingPublisher();
    await startRelay({ publisher });
    const slow = await db.database.pool.connect();
    await slow.query("begin");
    await slow.query(
      `with e as (insert into tandem.outbox_event (id, topic, type, source, subject, aggregate_version, data)
         values (gen_random_uuid(), 't', 't', 's', 'slow', 1, '{}') returning seq, created_at, subject)
       insert into tandem.outbox_claim (seq, created_at, key) select seq, created_at, hashtext(subject) from e`,
    );
    await addEvents(db.database, eventOf("quick"));
    await pollUntil(() => publisher.published.length === 1);
    await slow.query("commit");
    slow.release();
    await idle();
    expect(publisher.published.map(({ subject }) => subject)).toEqual(["quick", "slow"]);
  });

  it("publishes the events of an aggregate one after the other, those of others beside them", async () => {
    const inFlight = new Set<string>();
    let overlaps = 0;
    let widest = 0;
    const publisher = recordingPublisher(async (batch) => {
      for (const { subject } of batch) {
        if (inFlight.has(subject)) overlaps += 1;
        inFlight.add(subject);
      }
      widest = Math.max(widest, inFlight.size);
      await new Promise((resolve) => setTimeout(resolve, 2));
      for (const { subject } of batch) inFlight.delete(subject);
      return sentAll(batch);
    });
    for (let version = 1; version <= 20; version += 1)
      await addEvents(db.database, ...["a", "b", "c", "d"].map((subject) => eventOf(subject, version)));
    await startRelay({ publisher, batchSize: 12, maxRun: 3 });
    await idle();
    expect(overlaps).toBe(0);
    expect(widest).toBeGreaterThan(1);
    for (const subject of ["a", "b", "c", "d"]) {
      const versions = publisher.published.filter((event) => event.subject === subject).map((e) => e.aggregateVersion);
      expect(versions).toEqual(Array.from({ length: 20 }, (_, n) => BigInt(n + 1)));
    }
  });

  it("lets a busy aggregate hide nobody, however many of its events wait before theirs", {
    timeout: 60_000,
  }, async () => {
    await addEvents(db.database, ...Array.from({ length: 17_000 }, (_, n) => eventOf("hot", n + 1)));
    const held = Promise.withResolvers<void>();
    const publisher = recordingPublisher(async (batch) => {
      if (batch.some(({ subject }) => subject === "hot")) await held.promise;
      return sentAll(batch);
    });
    await startRelay({ publisher, batchSize: 50, maxRun: 10, leaseMs: 60_000 });
    await pollUntil(() => publisher.calls.length === 1);
    await addEvents(db.database, ...Array.from({ length: 20 }, (_, n) => eventOf(`cold-${n}`)));
    await pollUntil(() => publisher.published.length === 20, { timeoutMs: 30_000 });
    expect(publisher.published.every(({ subject }) => subject.startsWith("cold"))).toBe(true);
    held.resolve();
    await pollUntil(() => publisher.published.length > 60);
    const hot = publisher.published.filter(({ subject }) => subject === "hot").map((event) => event.aggregateVersion);
    expect(hot).toEqual(hot.map((_, n) => BigInt(n + 1)));
  });

  it("wakes up for the commit of another process", async () => {
    const publisher = recordingPublisher();
    await startRelay({ publisher, maxPollMs: 60_000 });
    await pollUntil(async () => {
      // Written past our outbox, so nobody in this process knows. More than once, for it may not listen yet.
      await db.database.query(
        `with e as (insert into tandem.outbox_event (id, topic, type, source, subject, aggregate_version, data)
           values (gen_random_uuid(), 't', 't', 's', 'elsewhere', 1, '{}') returning seq, created_at)
         insert into tandem.outbox_claim (seq, created_at, key) select seq, created_at, 1 from e`,
      );
      await db.database.query("select pg_notify('tandem_outbox', '')");
      return publisher.published.length > 0;
    });
    expect(publisher.published[0]?.subject).toBe("elsewhere");
  });

  it("finishes what is in flight when it is stopped, and claims no more", async () => {
    const gate = Promise.withResolvers<void>();
    const publisher = recordingPublisher(async (batch) => {
      await gate.promise;
      return sentAll(batch);
    });
    const relay = await startRelay({ publisher });
    await addEvents(db.database, eventOf("a"));
    await pollUntil(() => publisher.calls.length === 1);
    let stopped = false;
    const stopping = relay.stop().then(() => {
      stopped = true;
    });
    // Past a claim that may have been on its way when it was told to stop.
    await pollUntil(async () => (await balanceOf(db.database)).leased === 1);
    expect(stopped).toBe(false);
    gate.resolve();
    await stopping;
    await addEvents(db.database, eventOf("b"));
    expect(await balanceOf(db.database)).toMatchObject({ pending: 1, leased: 0, sent: 1 });
  });

  it("counts and measures what it does", async () => {
    const metrics = createMetrics({ service: "test" });
    const publisher = recordingPublisher((batch) =>
      batch.map((event) => (event.subject === "bad" ? failing("permanent", event) : { id: event.id, status: "sent" })),
    );
    await addEvents(db.database, eventOf("good"), eventOf("bad"));
    await startRelay({ publisher, metrics });
    await idle();
    const text = await metrics.text();
    expect(text).toContain('tandem_outbox_published_total{topic="order.created",outcome="sent",service="test"} 1');
    expect(text).toContain('tandem_outbox_published_total{topic="order.created",outcome="permanent",service="test"} 1');
    expect(text).toContain('tandem_outbox_backlog{state="dead",service="test"} 1');
    expect(text).toContain('tandem_outbox_publish_seconds_count{service="test"} 1');
  });

  it("is healthy while it looks at the outbox, and says when it cannot", async () => {
    const publisher = recordingPublisher();
    const relay = createRelay({ database: db.database, publisher });
    await expect(relay.healthCheck()).rejects.toThrow(/not been started/);
    running.push(relay);
    await relay.start(new AbortController().signal);
    await expect(relay.healthCheck()).resolves.toBeUndefined();
    await db.database.query("alter table tandem.outbox_lease rename to elsewhere");
    await pollUntil(() =>
      relay.healthCheck().then(
        () => false,
        (error: Error) => /cannot be read/.test(error.message),
      ),
    );
    await db.database.query("alter table tandem.elsewhere rename to outbox_lease");
    await pollUntil(() => relay.healthCheck().then(() => true));
  });

  it("refuses numbers out of range", () => {
    const publisher = recordingPublisher();
    expect(() => createRelay({ database: db.database, publisher, batchSize: 0 })).toThrow(/batchSize/);
    expect(() => createRelay({ database: db.database, publisher, leaseMs: 1_000, publishTimeoutMs: 600 })).toThrow(
      /publishTimeoutMs/,
    );
  });
});
