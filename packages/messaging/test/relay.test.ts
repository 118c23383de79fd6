import { pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRelay } from "../src/create-relay.ts";
import { addEvents, balanceOf, eventOf, openTestDatabase, recordingPublisher } from "./support.ts";

let db: TestDatabase;
beforeEach(async () => {
  db = await openTestDatabase();
});
afterEach(() => db.dispose());

describe("relay", () => {
  it("publishes what was committed, with everything that consumers need", async () => {
    const publisher = recordingPublisher();
    const relay = createRelay({ database: db.database, publisher });
    await relay.start(new AbortController().signal);
    const event = eventOf("a-1");
    await addEvents(db.database, event);
    await pollUntil(() => publisher.published.length === 1);
    await relay.stop();
    expect(publisher.published[0]).toMatchObject({ ...event, source: "order" });
    expect(await balanceOf(db.database)).toMatchObject({ pending: 0, leased: 0, sent: 1, dead: 0, inserted: 1 });
  });

  it("never publishes what was rolled back", async () => {
    const publisher = recordingPublisher();
    const relay = createRelay({ database: db.database, publisher });
    await relay.start(new AbortController().signal);
    const { createOutbox } = await import("../src/outbox.ts");
    const outbox = createOutbox({ database: db.database, source: "order" });
    await expect(
      db.database.transact(async (tx) => {
        await outbox.in(tx).add(eventOf("rolled-back"));
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    await addEvents(db.database, eventOf("kept"));
    await pollUntil(() => publisher.published.length > 0);
    await relay.stop();
    expect(publisher.published.map(({ subject }) => subject)).toEqual(["kept"]);
  });
});
