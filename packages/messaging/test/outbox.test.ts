import { PaymentFailedSchema } from "@tandem/contracts/payment";
import { newId } from "@tandem/kernel";
import { currentTraceparent, runInContext, withTraceparent } from "@tandem/runtime";
import { pollUntil, type TestDatabase } from "@tandem/testkit";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CARRIED_COLUMNS, carriedEvents, createOutbox, newEvent } from "../src/index.ts";
import { onLocalWake, WAKE_CHANNEL } from "../src/wake.ts";
import { addEvents, balanceOf, eventOf, openTestDatabase } from "./support.ts";

let db: TestDatabase;
beforeEach(async () => {
  db = await openTestDatabase();
});
afterEach(() => db.dispose());

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const storedEvents = async () =>
  (await db.database.query("select * from tandem.outbox_event order by seq")).rows as Record<string, unknown>[];

describe("an event", () => {
  it("takes topic, type, subject and version from its proto", () => {
    const paymentId = newId();
    const event = newEvent(PaymentFailedSchema, { paymentId, aggregateVersion: 3n, orderId: "o-1" });
    expect(event).toMatchObject({
      topic: "payment.failed",
      type: "tandem.payment.v1.PaymentFailed",
      subject: paymentId,
      aggregateVersion: 3n,
    });
    expect(JSON.parse(event.data)).toEqual({ paymentId, aggregateVersion: "3", orderId: "o-1" });
  });

  it("has an id of its own unless it is given one", () => {
    const init = { paymentId: newId() };
    expect(newEvent(PaymentFailedSchema, init).id).not.toBe(newEvent(PaymentFailedSchema, init).id);
    const id = newId();
    expect(newEvent(PaymentFailedSchema, init, { id }).id).toBe(id);
  });

  it("is refused when it names no aggregate", () => {
    expect(() => newEvent(PaymentFailedSchema, {})).toThrow(/names no aggregate/);
  });
});

describe("outbox", () => {
  it("writes payload and claim with the transaction, and nothing when it rolls back", async () => {
    const outbox = createOutbox({ database: db.database, source: "order" });
    await addEvents(db.database, eventOf("a"));
    await expect(
      db.database.transact(async (tx) => {
        await outbox.in(tx).add(eventOf("b"));
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect((await storedEvents()).map(({ subject }) => subject)).toEqual(["a"]);
    expect(await balanceOf(db.database)).toMatchObject({ pending: 1, inserted: 1 });
  });

  it("keeps the order of several adds, joined transactions included, in one statement", async () => {
    const outbox = createOutbox({ database: db.database, source: "order" });
    await db.database.transact(async (tx) => {
      await outbox.in(tx).add(eventOf("a", 1), eventOf("b", 2));
      await db.database.transact((inner) => outbox.in(inner).add(eventOf("a", 3)));
      await outbox.in(tx).add();
      await outbox.in(tx).add(eventOf("c", 4));
      expect(await storedEvents()).toEqual([]);
    });
    const rows = await storedEvents();
    expect(rows.map(({ aggregate_version }) => aggregate_version)).toEqual(["1", "2", "3", "4"]);
    // One statement: its rows share one command id, and follow each other without a gap.
    const { rows: commands } = await db.database.query("select distinct cmin::text from tandem.outbox_event");
    expect(commands).toHaveLength(1);
  });

  it("keeps trace and correlation of the moment of the add", async () => {
    const outbox = createOutbox({ database: db.database, source: "order" });
    await db.database.transact(async (tx) => {
      await withTraceparent(TRACEPARENT, () =>
        runInContext({ correlationId: "c-1" }, async () => {
          expect(currentTraceparent()).toBe(TRACEPARENT);
          await outbox.in(tx).add(eventOf("a"));
        }),
      );
      await outbox.in(tx).add(eventOf("b"));
    });
    const [first, second] = await storedEvents();
    expect(first).toMatchObject({ traceparent: TRACEPARENT, correlation_id: "c-1", source: "order" });
    expect(second).toMatchObject({ traceparent: null, correlation_id: null });
  });

  it("fails the transaction when the event cannot be written", async () => {
    await db.database.query("create table note (id int)");
    const outbox = createOutbox({ database: db.database, source: "order" });
    await expect(
      db.database.transact(async (tx) => {
        await tx.client.query("insert into note values (1)");
        await outbox.in(tx).add({ ...eventOf("a"), id: "not-a-uuid" });
      }),
    ).rejects.toThrow(/uuid/);
    expect((await db.database.query("select * from note")).rows).toEqual([]);
    expect(await storedEvents()).toEqual([]);
  });

  it("goes with a statement that carries it, as any other: in order, with its trace, or not at all", async () => {
    const outbox = createOutbox({ database: db.database, source: "order" });
    const text = `with e as (select * from jsonb_to_recordset($1::jsonb) as e(n int, ${CARRIED_COLUMNS})), ${carriedEvents(
      "select * from e order by n",
    )} select count(*)::int as n from event`;
    const [a, b] = withTraceparent(TRACEPARENT, () =>
      outbox.rowsOf(eventOf("s", 1, `{"a":"\\u0000 'x'"}`), eventOf("s", 2)),
    );
    const carry = (...rows: unknown[]) =>
      db.database.query<{ n: number }>(text, [JSON.stringify(rows)]).then((result) => result.rows[0]?.n);
    expect(await carry({ n: 2, ...b }, { n: 1, ...a })).toBe(2);
    await expect(carry({ n: 1, ...outbox.rowsOf(eventOf("s", 3))[0], id: "not-a-uuid" })).rejects.toThrow(/uuid/);
    const carried = await storedEvents();
    expect(carried).toMatchObject([
      { aggregate_version: "1", traceparent: TRACEPARENT, source: "order", data: `{"a":"\\u0000 'x'"}` },
      { aggregate_version: "2", traceparent: TRACEPARENT },
    ]);
    expect(await balanceOf(db.database)).toMatchObject({ pending: 2, inserted: 2 });
    await addEvents(db.database, eventOf("s", 4));
    expect(Object.keys(carried[0] ?? {})).toEqual(Object.keys((await storedEvents()).at(-1) ?? {}));
  });

  it("takes text as it is: quotes, emoji, commas, nulls of JSON, and a megabyte", async () => {
    const texts = [`{"a":"\\"x\\", {y} \\\\ ,null,NULL"}`, `{"a":"🚚 ü"}`, `{"a":"${"x".repeat(1_000_000)}"}`];
    await addEvents(db.database, ...texts.map((data, at) => eventOf(`s-${at}`, at, data)));
    expect((await storedEvents()).map(({ data }) => data)).toEqual(texts);
  });
});

describe("wake", () => {
  const listen = async (onNotice: () => void): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: db.url });
    await client.connect();
    client.on("notification", onNotice);
    await client.query(`listen ${WAKE_CHANNEL}`);
    return client;
  };

  it("reaches other processes by NOTIFY, far fewer than commits", async () => {
    let notices = 0;
    const client = await listen(() => {
      notices += 1;
    });
    for (let n = 0; n < 40; n += 1) await addEvents(db.database, eventOf(`s-${n}`));
    await pollUntil(() => notices > 0);
    await client.end();
    expect(notices).toBeLessThan(40);
  });

  it("goes straight to a relay of the same process, without NOTIFY, and only after the commit", async () => {
    let notices = 0;
    let wakes = 0;
    const client = await listen(() => {
      notices += 1;
    });
    const stop = onLocalWake(db.database, () => {
      wakes += 1;
    });
    const outbox = createOutbox({ database: db.database, source: "order" });
    await db.database.transact(async (tx) => {
      await outbox.in(tx).add(eventOf("a"));
      expect(wakes).toBe(0);
    });
    expect(wakes).toBe(1);
    stop();
    await addEvents(db.database, eventOf("b"));
    await pollUntil(() => notices === 1);
    expect(wakes).toBe(1);
    await client.end();
  });
});
