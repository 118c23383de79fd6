import { setTimeout as sleep } from "node:timers/promises";
import { createMetrics } from "@tandem/runtime";
import { captureLog, pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EventPublisher, OutboxEvent, PublishOutcome } from "../src/events.ts";
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

const claims = async () =>
  (
    await db.database.query<{ subject: string; attempts: number; crashes: number }>(
      "select subject, attempts, crashes from tandem.outbox_claim join tandem.outbox_event using (seq, created_at) order by seq",
    )
  ).rows;

const parked = async () =>
  (
    await db.database.query<{ subject: string; reason: string; attempts: number; error: string }>(
      "select subject, reason, attempts, error from tandem.outbox_parked join tandem.outbox_event using (seq, created_at) order by seq",
    )
  ).rows;

describe("a publisher that fails", () => {
  it("for one event holds back only that event's aggregate, until it passes", async () => {
    let refusals = 3;
    const publisher = recordingPublisher((batch) =>
      batch.map((event) =>
        event.subject === "bad" && refusals-- > 0 ? failing("transient", event) : { id: event.id, status: "sent" },
      ),
    );
    await addEvents(db.database, eventOf("bad", 1), eventOf("bad", 2));
    await addEvents(db.database, ...Array.from({ length: 50 }, (_, n) => eventOf(`good-${n}`)));
    await startRelay({ publisher, batchSize: 10 });
    await idle();
    expect(publisher.published).toHaveLength(52);
    const bad = publisher.published.filter(({ subject }) => subject === "bad").map((e) => e.aggregateVersion);
    expect(bad).toEqual([1n, 2n]);
  });

  it("for ever, while others pass, gets its event parked after maxAttempts, and the next of its aggregate goes", async () => {
    const publisher = recordingPublisher((batch) =>
      batch.map((event) =>
        event.subject === "bad" && event.aggregateVersion === 1n
          ? failing("transient", event)
          : { id: event.id, status: "sent" },
      ),
    );
    await addEvents(db.database, eventOf("bad", 1), eventOf("bad", 2));
    await startRelay({ publisher, maxAttempts: 3, retryMaxDelayMs: 10 });
    // Company, without which a failure counts as the broker's.
    await pollUntil(async () => {
      await addEvents(db.database, eventOf("company"));
      return (await parked()).length === 1;
    });
    await idle();
    expect(await parked()).toEqual([
      { subject: "bad", reason: "exhausted", attempts: 3, error: "Error: transient failure" },
    ]);
    expect(publisher.published.filter(({ subject }) => subject === "bad").map((e) => e.aggregateVersion)).toEqual([2n]);
  });

  it("for good gets its event parked at once", async () => {
    const publisher = recordingPublisher((batch) =>
      batch.map((event) => (event.subject === "bad" ? failing("permanent", event) : { id: event.id, status: "sent" })),
    );
    const { log, lines } = captureLog();
    await startRelay({ publisher, log });
    await addEvents(db.database, eventOf("good"));
    await idle();
    await addEvents(db.database, eventOf("bad"));
    await idle();
    expect(await parked()).toMatchObject([{ subject: "bad", reason: "permanent", attempts: 1 }]);
    expect(lines).toContainEqual(expect.objectContaining({ msg: "an event cannot be published and was parked" }));
  });

  it("for good with everything, from the start, is a broker set up wrong: nothing is parked", async () => {
    let wrong = true;
    const publisher = recordingPublisher((batch) =>
      wrong ? batch.map((event) => failing("permanent", event)) : sentAll(batch),
    );
    await addEvents(db.database, eventOf("a"), eventOf("b"));
    await startRelay({ publisher, outageMaxPauseMs: 20 });
    await pollUntil(() => publisher.calls.length > 3);
    expect(await parked()).toEqual([]);
    wrong = false;
    await idle();
    expect(publisher.published).toHaveLength(2);
  });

  it("now and then with an event that failed before, and has no company, does not stop the others", async () => {
    const publisher = recordingPublisher((batch) =>
      batch.map((event) => (event.subject === "bad" ? failing("transient", event) : { id: event.id, status: "sent" })),
    );
    const { log, lines } = captureLog();
    await startRelay({ publisher, log, maxAttempts: 6, retryMaxDelayMs: 10 });
    await addEvents(db.database, eventOf("good"), eventOf("bad"));
    await idle();
    expect(await parked()).toMatchObject([{ subject: "bad", reason: "exhausted", attempts: 6 }]);
    expect(lines.filter(({ msg }) => String(msg).startsWith("nothing gets through"))).toEqual([]);
  });

  it("altogether opens a circuit: no attempt is burned, few calls are made, and all go when it is back", async () => {
    let away = true;
    const publisher = recordingPublisher((batch) =>
      away ? batch.map((event) => failing("transient", event)) : sentAll(batch),
    );
    const { log, lines } = captureLog();
    const metrics = createMetrics({ service: "test" });
    await addEvents(db.database, ...Array.from({ length: 300 }, (_, n) => eventOf(`a-${n}`)));
    await startRelay({ publisher, log, metrics, batchSize: 50, outageMinPauseMs: 20, outageMaxPauseMs: 40 });
    await pollUntil(() => publisher.calls.length >= 6);
    expect(publisher.calls.slice(-2).every((size) => size <= 10)).toBe(true);
    expect(await metrics.text()).toContain('tandem_outbox_circuit_open{service="test"} 1');
    expect((await claims()).every(({ attempts }) => attempts === 0)).toBe(true);
    away = false;
    await idle();
    expect(publisher.published).toHaveLength(300);
    expect(lines.filter(({ msg }) => String(msg).startsWith("nothing gets through"))).toHaveLength(1);
    expect(lines.filter(({ msg }) => msg === "the broker is back")).toHaveLength(1);
  });

  it("by throwing, by forgetting events or by hanging loses nothing", async () => {
    const misdeeds = [
      () => Promise.reject(new Error("thrown")),
      () => Promise.resolve([]),
      () => new Promise<never>(() => {}),
      async (batch: readonly OutboxEvent[]) => sentAll(batch.slice(0, 1)),
    ];
    const publisher = recordingPublisher((batch) => misdeeds.shift()?.(batch) ?? sentAll(batch));
    await addEvents(db.database, ...Array.from({ length: 5 }, (_, n) => eventOf(`a-${n}`)));
    await startRelay({ publisher, publishTimeoutMs: 100, pipeline: 1, outageMaxPauseMs: 10 });
    await idle();
    expect(new Set(publisher.published.map(({ subject }) => subject)).size).toBe(5);
    expect(misdeeds).toEqual([]);
  });

  it("by answering later than it may is given more time: what it has published is not published for ever", async () => {
    let copies = 0;
    const slow: EventPublisher = {
      publish: async (batch) => {
        copies += batch.length;
        await sleep(700);
        return batch.map(({ id }) => ({ id, status: "sent" }));
      },
    };
    await addEvents(db.database, eventOf("slow"));
    await startRelay({ publisher: slow, leaseMs: 1_000, publishTimeoutMs: 450 });
    await idle();
    expect(copies).toBeGreaterThan(1);
    expect(await balanceOf(db.database)).toMatchObject({ sent: 1, dead: 0 });
  });
});
