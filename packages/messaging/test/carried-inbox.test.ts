import { countStatements, type TestDatabase } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ConsumerContext } from "../src/index.ts";
import { consumerOf, effectsOf, hostOf, incoming, openConsumerDatabase } from "./consumer-support.ts";

let db: TestDatabase;
beforeEach(async () => {
  db = await openConsumerDatabase();
});
afterEach(() => db.dispose());

const EFFECT = `
  with once as (
    insert into tandem.inbox (consumer, event_id) values ($1, $2) on conflict do nothing returning 1
  ), done as (
    insert into effect (consumer, event_id, subject) select $1, $2, $3 from once
  )
  select exists (select from once) as fresh`;

const valuesOf = ({ subject }: ConsumerContext, row: { readonly consumer: string; readonly eventId: string }) => [
  row.consumer,
  row.eventId,
  subject,
];

/** Inbox and effect in one statement, and no transaction. */
const alone = consumerOf(async (_, context) => {
  const row = context.carryInbox();
  const { rows } = await db.database.query<{ fresh: boolean }>(EFFECT, valuesOf(context, row));
  row.written(rows[0]?.fresh === true);
});

/** The same as the first statement of a transaction that goes on. */
const begun = (then: () => Promise<unknown> = async () => {}) =>
  consumerOf(async (_, context) => {
    const row = context.carryInbox();
    await db.database.transact(async (tx) => {
      const { rows } = await tx.client.query<{ fresh: boolean }>(EFFECT, valuesOf(context, row));
      row.written(rows[0]?.fresh === true);
      await tx.client.query("insert into effect (event_id) values ('more')");
      await then();
    });
  });

const inbox = async () => (await db.database.query("select event_id from tandem.inbox")).rows.length;

describe("an inbox row that the handler carries", () => {
  it("is written by the effect's one statement, and by nothing else", async () => {
    const host = hostOf(db.database, [alone]);
    const event = incoming();
    const said = await countStatements(() => host.send(event));
    expect(said).toHaveLength(1);
    expect(await inbox()).toBe(1);
    expect(await effectsOf(db.database)).toEqual([event.id]);
  });

  it("makes one effect of an event that comes again, and of one that comes to several workers at once", async () => {
    const event = incoming();
    const hosts = Array.from({ length: 6 }, () => hostOf(db.database, [alone]));
    expect(new Set(await Promise.all(hosts.map((host) => host.send(event))))).toEqual(new Set(["ack"]));
    expect(await hosts[0]?.send(event)).toBe("ack");
    expect(await effectsOf(db.database)).toEqual([event.id]);
  });

  it("stands in the handler's transaction, where a duplicate rolls back what came after it", async () => {
    const event = incoming();
    const hosts = Array.from({ length: 4 }, () => hostOf(db.database, [begun()]));
    expect(new Set(await Promise.all(hosts.map((host) => host.send(event))))).toEqual(new Set(["ack"]));
    expect(await hosts[0]?.send(event)).toBe("ack");
    expect(await effectsOf(db.database)).toEqual([event.id, "more"]);
    expect(await inbox()).toBe(1);
  });

  it("goes with the transaction when that fails, and is there after the next try", async () => {
    let fails = true;
    const host = hostOf(db.database, [
      begun(async () => {
        if (fails) throw new Error("boom");
      }),
    ]);
    const event = incoming();
    expect(await host.send(event)).toBe("retry");
    expect(await inbox()).toBe(0);
    fails = false;
    expect(await host.send(event)).toBe("ack");
    expect(await effectsOf(db.database)).toEqual([event.id, "more"]);
  });

  it("is written afterwards where the handler forgot it", async () => {
    const host = hostOf(db.database, [
      consumerOf(async (_, context) => {
        context.carryInbox();
        await db.database.transact((tx) => tx.client.query("insert into effect (event_id) values ('x')"));
      }),
    ]);
    expect(await host.send(incoming())).toBe("ack");
    expect(await inbox()).toBe(1);
  });
});
