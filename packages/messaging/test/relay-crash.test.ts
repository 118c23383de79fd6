import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { captureLog, pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRelay, type FaultPoint, listParked, releaseParked } from "../src/index.ts";
import { BROKER_TABLE, tablePublisher } from "./fixtures/table-publisher.ts";
import {
  addEvents,
  balanceOf,
  eventOf,
  openAnother,
  openTestDatabase,
  recordingPublisher,
  sentAll,
} from "./support.ts";

const CHILD = fileURLToPath(new URL("fixtures/relay-process.ts", import.meta.url));
const LEASE_MS = 400;

let db: TestDatabase;
beforeEach(async () => {
  db = await openTestDatabase();
  await db.database.query(BROKER_TABLE);
});
afterEach(() => db.dispose());

const startChild = (options: { killAt?: FaultPoint; killAfter?: number; poison?: string; batchSize?: number } = {}) => {
  const given = JSON.stringify({ url: db.url, leaseMs: LEASE_MS, batchSize: 10, ...options });
  const child = spawn(process.execPath, ["--no-warnings", CHILD, given], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  return { child, exited };
};

/** The one that comes after, in this process. */
const startAnother = async (): Promise<AsyncDisposable> => {
  const database = openAnother(db);
  const relay = createRelay({ database, publisher: tablePublisher(database), leaseMs: LEASE_MS, maxCrashes: 3 });
  await relay.start(new AbortController().signal);
  return {
    [Symbol.asyncDispose]: async () => {
      await relay.stop();
      await database.dispose();
    },
  };
};

const delivered = async () =>
  (
    await db.database.query<{ id: string; subject: string; version: string; batch: number }>(
      "select id, subject, version, batch from broker order by at",
    )
  ).rows;

const drained = () =>
  pollUntil(
    async () => {
      const { pending, leased } = await balanceOf(db.database);
      return pending + leased === 0;
    },
    { timeoutMs: 15_000, message: "an empty outbox" },
  );

const POINTS: readonly FaultPoint[] = ["before-claim", "after-claim", "mid-batch", "after-publish", "before-mark"];

describe("a relay killed by SIGKILL", { timeout: 60_000 }, () => {
  it.each(POINTS)("%s: a new one finishes; nothing is lost, what comes twice has the same id", async (killAt) => {
    const events = Array.from({ length: 40 }, (_, n) => eventOf(`a-${n % 8}`, Math.floor(n / 8) + 1));
    await addEvents(db.database, ...events);
    const first = startChild({ killAt, killAfter: 1 });
    expect((await first.exited)[1]).toBe("SIGKILL");
    await balanceOf(db.database);
    const before = (await delivered()).length;

    await using _ = await startAnother();
    await drained();

    const all = await delivered();
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set(events.map(({ id }) => id)));
    expect(await balanceOf(db.database)).toMatchObject({ sent: 40, dead: 0, inserted: 40 });
    // In order within an aggregate, repetitions aside.
    for (let n = 0; n < 8; n += 1) {
      const versions = all.filter(({ subject }) => subject === `a-${n}`).map(({ version }) => Number(version));
      expect([...new Set(versions)]).toEqual([1, 2, 3, 4, 5]);
    }
    // What was in flight goes first of its aggregate and alone.
    const again = all.slice(before).filter(({ id }) => all.slice(0, before).some((earlier) => earlier.id === id));
    expect(again.every(({ batch }) => batch === 1)).toBe(true);
    if (killAt === "after-publish" || killAt === "before-mark") expect(again.length).toBeGreaterThan(0);
  });

  it("over and over by one event: it is isolated and parked, all others go out, a person can release it", async () => {
    await addEvents(db.database, ...Array.from({ length: 20 }, (_, n) => eventOf(n === 7 ? "poison" : `a-${n}`)));
    for (let death = 1; death <= 3; death += 1)
      expect((await startChild({ poison: "poison" }).exited)[1]).toBe("SIGKILL");
    {
      await using _ = await startAnother();
      await drained();
    }
    expect(await balanceOf(db.database)).toMatchObject({ sent: 19, dead: 1, inserted: 20 });
    expect(new Set((await delivered()).map(({ subject }) => subject)).size).toBe(19);
    const { items } = await listParked(db.database);
    expect(items).toMatchObject([{ subject: "poison", reason: "crashed", crashes: 3 }]);

    await releaseParked(
      db.database,
      items.map(({ id }) => id),
    );
    const publisher = recordingPublisher();
    const relay = createRelay({ database: db.database, publisher });
    await relay.start(new AbortController().signal);
    await drained();
    await relay.stop();
    expect(publisher.published.map(({ id }) => id)).toEqual(items.map(({ id }) => id));
  });
});

describe("a relay that stands still past its lease", { timeout: 60_000 }, () => {
  it("has its events taken over, and its late mark writes nothing", async () => {
    const stalled = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const { log, lines } = captureLog();
    await addEvents(db.database, eventOf("a", 1), eventOf("b", 1));
    const slowPublisher = recordingPublisher((batch) => [
      ...sentAll(batch.slice(0, 1)),
      ...batch.slice(1).map(({ id }) => ({ id, status: "failed", kind: "permanent", error: new Error("no") }) as const),
    ]);
    const slow = createRelay({
      database: db.database,
      publisher: slowPublisher,
      log,
      leaseMs: 200,
      faultPoint: async (name) => {
        if (name !== "before-mark") return;
        reached.resolve();
        await stalled.promise;
      },
    });
    await slow.start(new AbortController().signal);
    await reached.promise;

    const other = openAnother(db);
    const publisher = recordingPublisher();
    const relay = createRelay({ database: other, publisher });
    await relay.start(new AbortController().signal);
    await drained();
    expect(publisher.published.map(({ subject }) => subject).sort()).toEqual(["a", "b"]);
    expect(publisher.calls).toEqual([1, 1]);

    stalled.resolve();
    await slow.stop();
    // Its verdict on "b" would have parked an event that is sent.
    expect(await balanceOf(db.database)).toMatchObject({ sent: 2, dead: 0, inserted: 2 });
    const { rows } = await db.database.query("select distinct relay from tandem.outbox_sent");
    expect(rows).toHaveLength(1);
    expect(lines).toContainEqual(expect.objectContaining({ msg: expect.stringMatching(/lease was lost/) }));
    await relay.stop();
    await other.dispose();
  });

  it("does not touch what another relay has in hand by now", async () => {
    const stalled = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const published = Promise.withResolvers<void>();
    await addEvents(db.database, eventOf("a"));
    const slow = createRelay({
      database: db.database,
      publisher: recordingPublisher(),
      leaseMs: 200,
      faultPoint: async (name) => {
        if (name !== "before-mark") return;
        reached.resolve();
        await stalled.promise;
      },
    });
    await slow.start(new AbortController().signal);
    await reached.promise;
    const other = openAnother(db);
    const publisher = recordingPublisher(async (batch) => {
      await published.promise;
      return sentAll(batch);
    });
    const relay = createRelay({ database: other, publisher });
    await relay.start(new AbortController().signal);
    await pollUntil(() => publisher.calls.length === 1);
    stalled.resolve();
    await slow.stop();
    expect(await balanceOf(db.database)).toMatchObject({ pending: 0, leased: 1, sent: 0, inserted: 1 });
    published.resolve();
    await drained();
    await relay.stop();
    await other.dispose();
  });

  it("stopped by the operating system does not stop others from claiming", async () => {
    await addEvents(db.database, ...Array.from({ length: 200 }, (_, n) => eventOf(`a-${n}`)));
    const { child, exited } = startChild({ batchSize: 5 });
    await pollUntil(async () => (await delivered()).length > 0);
    child.kill("SIGSTOP");
    await addEvents(db.database, ...Array.from({ length: 50 }, (_, n) => eventOf(`b-${n}`)));
    const publisher = recordingPublisher();
    const relay = createRelay({ database: db.database, publisher });
    await relay.start(new AbortController().signal);
    await drained();
    await relay.stop();
    child.kill("SIGCONT");
    child.kill("SIGTERM");
    await exited;
    const ids = new Set([...(await delivered()).map(({ id }) => id), ...publisher.published.map(({ id }) => id)]);
    expect(ids.size).toBe(250);
    expect(await balanceOf(db.database)).toMatchObject({ sent: 250, inserted: 250 });
  });
});

describe("a relay that loses its database connection", { timeout: 60_000 }, () => {
  it("over and over connects again, finishes, and marks what it had published", async () => {
    const publisher = recordingPublisher(async (batch) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return sentAll(batch);
    });
    const other = openAnother(db, "unlucky");
    const relay = createRelay({ database: other, publisher, batchSize: 5, leaseMs: 500 });
    await relay.start(new AbortController().signal);
    for (let round = 0; round < 8; round += 1) {
      await addEvents(
        db.database,
        ...Array.from({ length: 30 }, (_, n) => eventOf(`a-${n % 10}`, round * 3 + Math.floor(n / 10))),
      );
      await pollUntil(() => publisher.published.length > round * 10);
      await db.database.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'unlucky relay' and datname = current_database()",
      );
    }
    await drained();
    await relay.stop();
    expect(new Set(publisher.published.map(({ id }) => id)).size).toBe(240);
    expect(await balanceOf(db.database)).toMatchObject({ sent: 240, dead: 0, inserted: 240 });
    await other.dispose();
  });

  it("for good stops all the same", async () => {
    const other = openAnother(db, "unlucky");
    const publishing = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const publisher = recordingPublisher(async (batch) => {
      publishing.resolve();
      await gate.promise;
      return sentAll(batch);
    });
    const relay = createRelay({ database: other, publisher, leaseMs: 60_000 });
    await relay.start(new AbortController().signal);
    await addEvents(db.database, eventOf("a"));
    await publishing.promise;
    await db.database.query("alter table tandem.outbox_lease rename to gone");
    const stopping = relay.stop();
    gate.resolve();
    await stopping;
    await db.database.query("alter table tandem.gone rename to outbox_lease");
    expect(await balanceOf(db.database)).toMatchObject({ leased: 1, sent: 0 });
    await other.dispose();
  });
});

describe("two relays", () => {
  it("share the work: each event once, each aggregate in order and never at both", async () => {
    const other = openAnother(db);
    const inFlight = new Set<string>();
    let overlaps = 0;
    const order = new Map<string, bigint[]>();
    const publisherOf = () =>
      recordingPublisher(async (batch) => {
        for (const { subject, aggregateVersion } of batch) {
          if (inFlight.has(subject)) overlaps += 1;
          inFlight.add(subject);
          order.set(subject, [...(order.get(subject) ?? []), aggregateVersion]);
        }
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
        for (const { subject } of batch) inFlight.delete(subject);
        return sentAll(batch);
      });
    const first = publisherOf();
    const second = publisherOf();
    const relays = [
      createRelay({ database: db.database, publisher: first, batchSize: 7, maxRun: 2, pipeline: 1 }),
      createRelay({ database: other, publisher: second, batchSize: 7, maxRun: 2, pipeline: 1 }),
    ];
    await Promise.all(relays.map((relay) => relay.start(new AbortController().signal)));
    for (let version = 1; version <= 30; version += 1)
      await addEvents(db.database, ...Array.from({ length: 10 }, (_, n) => eventOf(`a-${n}`, version)));
    await drained();
    await Promise.all(relays.map((relay) => relay.stop()));
    expect(overlaps).toBe(0);
    expect(first.published.length + second.published.length).toBe(300);
    expect(Math.min(first.published.length, second.published.length)).toBeGreaterThan(0);
    for (const versions of order.values())
      expect(versions).toEqual(Array.from({ length: 30 }, (_, n) => BigInt(n + 1)));
    await other.dispose();
  });
});
