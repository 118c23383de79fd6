import { newId } from "@tandem/kernel";
import { countStatements, pollUntil } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkout } from "./checkout-model.ts";
import { makeFixture, reserved } from "./engine-fixture.ts";

let fixture: Awaited<ReturnType<typeof makeFixture>>;
beforeAll(async () => {
  fixture = await makeFixture();
  await fixture.db.database.query(`
    create table tandem.inbox (consumer text, event_id text, primary key (consumer, event_id));
    create table parcel (parcel_id text primary key, weight integer not null)`);
});
afterAll(() => fixture[Symbol.asyncDispose]());

class Again extends Error {}
const onceOf = (eventId: string) => ({
  consumer: "test.on-something",
  eventId,
  written: (fresh: boolean) => {
    if (!fresh) throw new Again();
  },
});
const waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
const history = async (id: string) =>
  (await fixture.engine.listHistory(id)).map(({ outcome, eventType, from, to }) => ({ outcome, eventType, from, to }));
const inbox = async (eventId: string) =>
  (await fixture.db.database.query("select 1 from tandem.inbox where event_id = $1", [eventId])).rows.length;

describe("a note", () => {
  const noting = () => fixture.makeEngine({ saga: { ...checkout, notes: ["delivered"] } });
  const delivered = { type: "delivered" } as const;

  it("is one statement with its inbox row: it takes no lock and leaves the saga as it is", async () => {
    const id = newId();
    await fixture.start(id);
    const before = await fixture.engine.getById(id);
    const eventId = newId();
    await fixture.db.database.transact(async (tx) => {
      // Somebody else has the saga's row meanwhile.
      await tx.client.query("select from tandem.saga where id = $1 for update", [id]);
      const said = await countStatements(() => noting().note(id, delivered, { id: eventId, once: onceOf(eventId) }));
      expect(said).toHaveLength(1);
    });
    expect(await fixture.engine.getById(id)).toEqual(before);
    expect(await inbox(eventId)).toBe(1);
    expect((await history(id)).at(-1)).toEqual({
      outcome: "applied",
      eventType: "delivered",
      from: "reserving_stock",
      to: "reserving_stock",
    });
  });

  it("is written once, however often and at how many places at once it comes", async () => {
    const id = newId();
    await fixture.start(id);
    const eventId = newId();
    const tell = () => noting().note(id, delivered, { id: eventId, once: onceOf(eventId) });
    const told = await Promise.allSettled(Array.from({ length: 5 }, tell));
    expect(told.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    await expect(tell()).rejects.toThrow(Again);
    expect((await history(id)).filter(({ eventType }) => eventType === "delivered")).toHaveLength(1);
  });

  it("about a saga that has ended, or turns round, is ignored; about none it is unknown", async () => {
    const [ended, turning, nobody] = [newId(), newId(), newId()];
    await fixture.start(ended);
    await fixture.handle(ended, { type: "stock_rejected" });
    await fixture.start(turning);
    await fixture.handle(turning, { type: "cancel_requested" });
    expect((await fixture.engine.getById(turning)).status).toBe("compensating");
    const outcomes = [];
    for (const id of [ended, turning, nobody])
      outcomes.push((await noting().note(id, delivered, { id: newId() })).outcome);
    expect(outcomes).toEqual(["ignored", "ignored", "unknown"]);
  });
});

describe("a saga's lock", () => {
  it("writes the event's inbox row: a duplicate comes no further", async () => {
    const id = newId();
    await fixture.start(id);
    const eventId = newId();
    const handle = () =>
      fixture.db.database.transact((tx) =>
        fixture.engine.lockAndHandle(tx, id, reserved, { id: eventId, once: onceOf(eventId) }),
      );
    const said = await countStatements(handle);
    expect(said.filter((text) => text.includes("tandem.inbox"))).toHaveLength(1);
    expect(said.filter((text) => text.includes("for update"))).toHaveLength(1);
    await expect(handle()).rejects.toThrow(Again);
    expect((await history(id)).filter(({ eventType }) => eventType === "stock_reserved")).toHaveLength(1);
  });

  it("writes it for a saga that nobody knows, too", async () => {
    const [id, eventId] = [newId(), newId()];
    const handle = () =>
      fixture.db.database.transact((tx) =>
        fixture.engine.lockAndHandle(tx, id, reserved, { id: eventId, once: onceOf(eventId) }),
      );
    expect((await handle()).outcome).toBe("unknown");
    await expect(handle()).rejects.toThrow(Again);
  });

  it("brings its subject, locked and as it is after the wait", async () => {
    const id = newId();
    await fixture.start(id);
    await fixture.db.database.query("insert into parcel values ($1, 1)", [id]);
    const seen: unknown[] = [];
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const engine = fixture.makeEngine({
      subject: `select p.weight as "parcelWeight" from parcel p where p.parcel_id = $2`,
      apply: async (tx, _, { subject }) => {
        seen.push(subject?.["parcelWeight"]);
        await tx.client.query("update parcel set weight = weight + 1 where parcel_id = $1", [id]);
        first.resolve();
        await second.promise;
      },
    });
    const handle = (event: Parameters<typeof engine.lockAndHandle>[2]) =>
      fixture.db.database.transact((tx) => engine.lockAndHandle(tx, id, event, { id: newId() }));
    const reserving = handle(reserved);
    await first.promise;
    const paying = handle({ type: "payment_authorized" });
    await pollUntil(async () => (await fixture.db.database.query(waiting)).rows.length === 1);
    second.resolve();
    await Promise.all([reserving, paying]);
    expect(seen).toEqual([1, 2]);
  });
});

describe("two events for one saga in one transaction", () => {
  it("are two transitions: the second begins where the first has ended, and both stand in the history", async () => {
    const id = newId();
    await fixture.start(id);
    await fixture.db.database.transact(async (tx) => {
      await fixture.engine.lockAndHandle(tx, id, reserved, { id: newId() });
      const { saga } = await fixture.engine.lockAndHandle(tx, id, { type: "payment_authorized" }, { id: newId() });
      expect(saga?.state).toBe("delivering");
    });
    const saga = await fixture.engine.getById(id);
    expect(saga).toMatchObject({ state: "delivering", version: 3 });
    expect((await history(id)).map(({ eventType, to }) => [eventType, to]).slice(-2)).toEqual([
      ["stock_reserved", "authorizing_payment"],
      ["payment_authorized", "delivering"],
    ]);
    expect(await fixture.timerOf(id)).toMatchObject({ version: 3 });
  });

  it("leave nothing when the transaction fails at last", async () => {
    const id = newId();
    await fixture.start(id);
    const before = await fixture.engine.getById(id);
    const failing = fixture.db.database.transact(async (tx) => {
      await fixture.engine.lockAndHandle(tx, id, reserved, { id: newId() });
      throw new Error("after all");
    });
    await expect(failing).rejects.toThrow("after all");
    expect(await fixture.engine.getById(id)).toEqual(before);
    expect(await fixture.sent(id)).toEqual(["reserve"]);
  });
});
