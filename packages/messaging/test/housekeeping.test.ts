import { encodeCursor } from "@tandem/kernel";
import { pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRelay, housekeepOutbox, listParked, outboxBacklog, outboxStats, releaseParked } from "../src/index.ts";
import { addEvents, balanceOf, eventOf, openTestDatabase, recordingPublisher } from "./support.ts";

let db: TestDatabase;
beforeEach(async () => {
  db = await openTestDatabase();
});
afterEach(() => db.dispose());

const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS);
const partitions = async (): Promise<string[]> =>
  (
    await db.database.query<{ name: string }>(
      "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'tandem.outbox_event'::regclass order by 1",
    )
  ).rows.map(({ name }) => name);
const partitionOf = (date: Date) => `tandem.outbox_event_${date.toISOString().slice(0, 10).replaceAll("-", "")}`;

const publishAll = async (publisher = recordingPublisher()) => {
  const relay = createRelay({ database: db.database, publisher, retainMs: 365 * DAY_MS });
  await relay.start(new AbortController().signal);
  await pollUntil(async () => {
    const { pending, leased } = await balanceOf(db.database);
    return pending + leased === 0;
  });
  await relay.stop();
};

/** Has every waiting event refused for good, beside one that passes: without that the broker would not be believed. */
const parkAll = async () => {
  await addEvents(db.database, eventOf("company"));
  await publishAll(
    recordingPublisher((batch) =>
      batch.map(({ id, subject }) =>
        subject === "company"
          ? { id, status: "sent" }
          : { id, status: "failed", kind: "permanent", error: new Error("refused") },
      ),
    ),
  );
};

/** Events of a day that is `days` back. */
const addOld = async (days: number, subjects: readonly string[]) => {
  await db.database.query("select tandem.ensure_outbox_partitions(0, now() - $1 * interval '1 day')", [days]);
  await db.database.query(
    `with e as (insert into tandem.outbox_event (id, topic, type, source, subject, aggregate_version, data, created_at)
       select gen_random_uuid(), 't', 't', 's', s, 1, '{}', now() - $2 * interval '1 day' from unnest($1::text[]) s
       returning seq, created_at, subject)
     insert into tandem.outbox_claim (seq, created_at, key) select seq, created_at, hashtext(subject) from e`,
    [subjects, days],
  );
};

describe("partitions of the payload table", () => {
  it("exist for today and a week ahead after the migration, and events go there", async () => {
    expect(await partitions()).toHaveLength(9);
    await addEvents(db.database, eventOf("a"));
    const { rows } = await db.database.query("select tableoid::regclass::text as name from tandem.outbox_event");
    expect(rows).toEqual([{ name: partitionOf(new Date()) }]);
  });

  it("are made as days go by, once, by however many relays at a time", async () => {
    const now = inDays(3);
    const rounds = await Promise.allSettled(
      [1, 2, 3].map(() => housekeepOutbox(db.database, { retainMs: 365 * DAY_MS, now })),
    );
    expect(rounds.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled"]);
    expect(await partitions()).toContain(partitionOf(inDays(10)));
    expect(await housekeepOutbox(db.database, { retainMs: 365 * DAY_MS, now })).toMatchObject({ made: 0 });
  });

  it("missing for a day never stop a write: the default one takes it, and the day is left to that", async () => {
    await db.database.query(`drop table ${partitionOf(new Date())}`);
    await addEvents(db.database, eventOf("a"));
    expect(await housekeepOutbox(db.database, { retainMs: DAY_MS })).toMatchObject({ dropped: [] });
    expect(await partitions()).not.toContain(partitionOf(new Date()));
    const publisher = recordingPublisher();
    await publishAll(publisher);
    expect(publisher.published).toHaveLength(1);
  });

  it("are dropped when their day is over for long enough and all of it is sent; the sum still comes out", async () => {
    await addOld(10, ["a", "b", "c"]);
    await addOld(9, ["d"]);
    await addEvents(db.database, eventOf("today"));
    await publishAll();
    const { dropped } = await housekeepOutbox(db.database, { retainMs: 7 * DAY_MS });
    expect(dropped.map((name) => `tandem.${name}`)).toEqual([partitionOf(inDays(-10)), partitionOf(inDays(-9))]);
    expect(await balanceOf(db.database)).toMatchObject({ sent: 5, inserted: 5 });
    const { rows } = await db.database.query("select subject from tandem.outbox_event");
    expect(rows).toEqual([{ subject: "today" }]);
    await housekeepOutbox(db.database, { retainMs: 7 * DAY_MS, now: inDays(8) });
    expect(await balanceOf(db.database)).toMatchObject({ sent: 5, inserted: 5 });
    expect((await db.database.query("select * from tandem.outbox_sent")).rows).toEqual([]);
  });

  it("stay while an event of theirs waits or is parked", async () => {
    await addOld(10, ["waits"]);
    expect(await housekeepOutbox(db.database, { retainMs: DAY_MS })).toMatchObject({ dropped: [] });
    await parkAll();
    expect(await housekeepOutbox(db.database, { retainMs: DAY_MS })).toMatchObject({ dropped: [] });
    await releaseParked(db.database);
    await publishAll();
    expect((await housekeepOutbox(db.database, { retainMs: DAY_MS })).dropped).toHaveLength(1);
  });

  it("stay, without holding anybody up, while a transaction writes to them", async () => {
    await addOld(10, ["a"]);
    await publishAll();
    const client = await db.database.pool.connect();
    await client.query("begin");
    await client.query(
      `insert into tandem.outbox_event (id, topic, type, source, subject, aggregate_version, data, created_at)
       values (gen_random_uuid(), 't', 't', 's', 'late', 1, '{}', now() - interval '10 days')`,
    );
    expect(await housekeepOutbox(db.database, { retainMs: DAY_MS })).toMatchObject({ dropped: [] });
    await client.query("rollback");
    client.release();
    expect((await housekeepOutbox(db.database, { retainMs: DAY_MS })).dropped).toHaveLength(1);
  });
});

describe("outbox figures", () => {
  it("tell what waits, for how long, and how old the oldest transaction is", async () => {
    expect(await outboxBacklog(db.database)).toMatchObject({ pending: 0, leased: 0, dead: 0, oldestPendingAgeMs: 0 });
    await addOld(1, ["a"]);
    await addEvents(db.database, eventOf("b"));
    const client = await db.database.pool.connect();
    await client.query("begin; select 1");
    await client.query("select pg_sleep(0.02)");
    const stats = await outboxStats(db.database);
    await client.query("rollback");
    client.release();
    expect(stats).toMatchObject({ pending: 2, leased: 0, sent: 0, dead: 0, inserted: 2 });
    expect(stats.oldestPendingAgeMs).toBeGreaterThanOrEqual(DAY_MS);
    expect(stats.oldestTransactionAgeMs).toBeGreaterThanOrEqual(20);
  });
});

describe("parked events", () => {
  it("are listed oldest first, page by page", async () => {
    await addEvents(db.database, ...Array.from({ length: 7 }, (_, n) => eventOf(`a-${n}`)));
    await parkAll();
    const first = await listParked(db.database, { limit: 5 });
    const second = await listParked(db.database, { limit: 5, cursor: first.nextCursor as string });
    expect([...first.items, ...second.items].map(({ subject }) => subject)).toEqual(
      Array.from({ length: 7 }, (_, n) => `a-${n}`),
    );
    expect(second.nextCursor).toBeUndefined();
    const forged = encodeCursor("outbox-parked:seq", ["x"]);
    await expect(listParked(db.database, { cursor: forged })).rejects.toMatchObject({ code: "page.cursor_invalid" });
    expect(first.items[0]).toMatchObject({
      reason: "permanent",
      error: "Error: refused",
      attempts: 1,
      topic: "order.created",
    });
  });

  it("go out under their ids once they are released, those named only", async () => {
    const events = [eventOf("a"), eventOf("b")];
    await addEvents(db.database, ...events);
    await parkAll();
    expect(await releaseParked(db.database, [events[0]?.id ?? ""])).toBe(1);
    const publisher = recordingPublisher();
    await publishAll(publisher);
    expect(publisher.published.map(({ id }) => id)).toEqual([events[0]?.id]);
    expect(await balanceOf(db.database)).toMatchObject({ sent: 2, dead: 1, inserted: 3 });
    expect(await releaseParked(db.database)).toBe(1);
  });
});
