import { countStatements, pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRelay } from "../src/index.ts";
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

/** A relay that nothing but wakes moves, and a publisher that takes events when it is told to. */
const startQuietRelay = async () => {
  const gates: (() => void)[] = [];
  const publisher = recordingPublisher(async (batch) => {
    await new Promise<void>((resolve) => gates.push(resolve));
    return sentAll(batch);
  });
  const relay = createRelay({ database: db.database, publisher, maxPollMs: 60_000 });
  running.push(relay);
  await relay.start(new AbortController().signal);
  // What it looks for at its start is over.
  await new Promise((resolve) => setTimeout(resolve, 300));
  return {
    publisher,
    publishing: (calls: number) => pollUntil(() => publisher.calls.length === calls),
    letGo: () => {
      for (const gate of gates.splice(0)) gate();
    },
  };
};

const ofRelay = (said: readonly string[]) => ({
  claims: said.filter((text) => text.includes("claim_outbox_batch")).length,
  reads: said.filter((text) => text.startsWith("select seq, id, topic")).length,
  marks: said.filter((text) => text.includes("delete from tandem.outbox_lease")).length,
});

const settled = (sent: number) => pollUntil(async () => (await balanceOf(db.database)).sent === sent);
const aMoment = () => new Promise((resolve) => setTimeout(resolve, 100));

describe("what a relay says to Postgres", () => {
  it("is two statements for a batch: the claim brings its payloads", async () => {
    const { publishing, letGo, publisher } = await startQuietRelay();
    const events = [eventOf("a-1"), eventOf("a-2")];
    const said = await countStatements(async () => {
      await addEvents(db.database, ...events);
      await publishing(1);
      letGo();
      await settled(2);
      await aMoment();
    });
    expect(ofRelay(said)).toEqual({ claims: 1, reads: 0, marks: 1 });
    expect(publisher.published).toMatchObject(events);
  });

  it("is one more where the payloads are too large to be sent by a transaction that holds a lock", async () => {
    const { publishing, letGo, publisher } = await startQuietRelay();
    const large = eventOf("a-1", 1, JSON.stringify({ text: 'ü"\\n'.repeat(8_000) }));
    const said = await countStatements(async () => {
      await addEvents(db.database, large);
      await publishing(1);
      letGo();
      await settled(1);
      await aMoment();
    });
    expect(ofRelay(said)).toEqual({ claims: 1, reads: 1, marks: 1 });
    expect(publisher.published).toMatchObject([large]);
  });

  it("is no third claim for what was committed while a batch was under way, and had its own", async () => {
    const { publishing, letGo } = await startQuietRelay();
    const said = await countStatements(async () => {
      await addEvents(db.database, eventOf("a-1"));
      await publishing(1);
      await addEvents(db.database, eventOf("a-2"));
      await publishing(2);
      letGo();
      await settled(2);
      await aMoment();
    });
    expect(ofRelay(said)).toEqual({ claims: 2, reads: 0, marks: 2 });
  });

  it("is another claim at once when a batch ends for which an event of the same aggregate waited", async () => {
    const { publishing, letGo, publisher } = await startQuietRelay();
    const said = await countStatements(async () => {
      await addEvents(db.database, eventOf("a-1", 1));
      await publishing(1);
      await addEvents(db.database, eventOf("a-1", 2));
      await aMoment();
      letGo();
      await publishing(2);
      letGo();
      await settled(2);
      await aMoment();
    });
    expect(ofRelay(said)).toEqual({ claims: 3, reads: 0, marks: 2 });
    expect(publisher.published.map(({ aggregateVersion }) => aggregateVersion)).toEqual([1n, 2n]);
  });
});
