import { AppError, encodeCursor } from "@tandem/kernel";
import { createMetrics } from "@tandem/runtime";
import { pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createReplayWorker, type DeadLetter, deadLetterStore, pruneInbox } from "../src/index.ts";
import { consumerOf, effectsOf, hostOf, incoming, openConsumerDatabase, writeEffect } from "./consumer-support.ts";

let db: TestDatabase;
const stops: (() => Promise<void>)[] = [];
beforeEach(async () => {
  db = await openConsumerDatabase();
});
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
  await db.dispose();
});

/** A consumer that refuses everything while `broken`. */
const breakable = () => {
  const state = { broken: true };
  const host = hostOf(db.database, [
    consumerOf(async (_, context) => {
      if (state.broken) throw new AppError("failed_precondition", "order.closed", "closed");
      await writeEffect(db.database, "x", context);
    }),
  ]);
  return { state, host };
};

const replayWorker = async (host: ReturnType<typeof hostOf>) => {
  const worker = createReplayWorker({ database: db.database, host, pollMs: 10 });
  stops.push(() => worker.stop());
  await worker.start(new AbortController().signal);
  return worker;
};

const store = () => deadLetterStore(db.database);
const only = async (): Promise<DeadLetter> => {
  const { items } = await store().list();
  expect(items).toHaveLength(1);
  return items[0] as DeadLetter;
};
const settled = (id: string, status: string) => pollUntil(async () => (await store().get(id)).status === status);

describe("what waits for a person", () => {
  it("is shown at every scrape until it is replayed: at once after a start, and 0 without any", async () => {
    const { state, host } = breakable();
    await host.send(incoming());
    const metrics = createMetrics({ service: "test" });
    const worker = createReplayWorker({ database: db.database, host, pollMs: 10, metrics });
    stops.push(() => worker.stop());
    await worker.start(new AbortController().signal);
    const open = async () =>
      /tandem_dead_letters_open\{consumer="order.on-payment-failed"[^}]*\} (\d+)/.exec(await metrics.text())?.[1];
    const oldest = async () =>
      Number(/tandem_dead_letters_oldest_open_seconds\{[^}]*\} (\S+)/.exec(await metrics.text())?.[1]);
    expect(await open()).toBe("1");
    expect(await oldest()).toBeGreaterThan(0);
    state.broken = false;
    const { id } = await only();
    await store().replay(id);
    await settled(id, "replayed");
    expect(await open()).toBe("0");
    expect(await oldest()).toBe(0);
  });
});

describe("replaying a dead letter", () => {
  it("delivers it to its consumer with the same event id, once, and closes it", async () => {
    const { state, host } = breakable();
    const event = { ...incoming(), correlationId: "c-1" };
    await host.send(event);
    const letter = await only();
    await replayWorker(host);
    state.broken = false;
    expect(await store().replay(letter.id, "anna")).toMatchObject({ status: "replay_requested" });
    await settled(letter.id, "replayed");
    expect(await effectsOf(db.database)).toEqual([event.id]);
    expect(await only()).toMatchObject({ replays: 1, resolvedBy: "anna", resolvedAt: expect.any(Date) });
    // The broker may bring it once more: it is in the inbox.
    expect(await host.send(event)).toBe("ack");
    expect(await effectsOf(db.database)).toHaveLength(1);
  });

  it("opens it again when it fails again", async () => {
    const { host } = breakable();
    await host.send(incoming());
    const { id } = await only();
    await replayWorker(host);
    await store().replay(id);
    await pollUntil(async () => (await store().get(id)).replays === 1);
    expect(await only()).toMatchObject({ status: "open", attempts: 2, error: { code: "order.closed" } });
  });

  it("closes it without an effect when the event was handled meanwhile", async () => {
    const { state, host } = breakable();
    const event = incoming();
    await host.send(event);
    state.broken = false;
    await host.send(event);
    const { id } = await only();
    await replayWorker(host);
    await store().replay(id);
    await settled(id, "replayed");
    expect(await effectsOf(db.database)).toHaveLength(1);
  });

  it("leaves it open when its consumer is gone", async () => {
    const { host } = breakable();
    await host.send(incoming());
    const { id } = await only();
    await store().replay(id);
    await replayWorker(hostOf(db.database, [consumerOf(async () => {}, { name: "order.another" })]));
    await settled(id, "open");
    expect(await effectsOf(db.database)).toEqual([]);
  });

  it("is done once by several workers, also when one of them died over it", async () => {
    const { state, host } = breakable();
    await Promise.all(Array.from({ length: 30 }, () => host.send(incoming())));
    state.broken = false;
    const { fingerprint } = (await store().list()).items[0] as DeadLetter;
    expect(await store().replayGroup(fingerprint)).toBe(30);
    await db.database.query(
      `update tandem.dead_letter set status = 'replaying', lease_until = now() - interval '1 second'
       where id in (select id from tandem.dead_letter limit 5)`,
    );
    await Promise.all([replayWorker(host), replayWorker(host)]);
    await pollUntil(async () => (await store().list({ status: "replayed", limit: 100 })).items.length === 30);
    const effects = await effectsOf(db.database);
    expect(new Set(effects).size).toBe(30);
    expect(effects).toHaveLength(30);
  });

  it("waits while the worker drains", async () => {
    const { state, host } = breakable();
    await host.send(incoming());
    const { id } = await only();
    await host.drain();
    state.broken = false;
    await store().replay(id);
    const worker = await replayWorker(host);
    await pollUntil(async () => (await store().get(id)).status === "replay_requested");
    await worker.stop();
    expect((await store().get(id)).status).toBe("replay_requested");
    expect(await effectsOf(db.database)).toEqual([]);
  });
});

describe("the dead letter store", () => {
  it("lists newest first, page by page, without gaps or repetitions", async () => {
    const { host } = breakable();
    for (let n = 0; n < 25; n += 1) await host.send(incoming({ subject: `p-${n}` }));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store().list({ limit: 10, ...(cursor !== undefined && { cursor }) });
      seen.push(...page.items.map(({ event }) => event.subject ?? ""));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => `p-${24 - n}`));
  });

  it("filters by consumer, status, cause and topic", async () => {
    const { host } = breakable();
    await host.send(incoming());
    await host.send(incoming({ data: "garbage" }));
    const { items } = await store().list();
    const [garbage, closed] = items as [DeadLetter, DeadLetter];
    const count = async (filter: Parameters<ReturnType<typeof store>["list"]>[0]) =>
      (await store().list(filter)).items.length;
    expect(await count({ fingerprint: garbage.fingerprint })).toBe(1);
    expect(await count({ consumer: closed.consumer })).toBe(2);
    expect(await count({ consumer: "order.other" })).toBe(0);
    expect(await count({ topic: "payment.failed", status: "open" })).toBe(2);
    expect(await count({ status: "discarded" })).toBe(0);
  });

  it("refuses a cursor that it did not give out", async () => {
    for (const cursor of ["bogus", encodeCursor("dead-letters:last_failed_desc", ["0", "-".repeat(36)])])
      await expect(store().list({ cursor })).rejects.toMatchObject({ code: "page.cursor_invalid" });
  });

  it("discards: closed for replays, and closed it stays when the event fails again", async () => {
    const { host } = breakable();
    const event = incoming();
    await host.send(event);
    const { id } = await only();
    expect(await store().discard(id, "anna")).toMatchObject({ status: "discarded", resolvedBy: "anna" });
    await expect(store().replay(id)).rejects.toMatchObject({ code: "dead_letter.resolved" });
    await expect(store().discard(id)).rejects.toMatchObject({ code: "dead_letter.resolved" });
    await host.send(event);
    expect((await only()).status).toBe("discarded");
  });

  it("knows what is not there", async () => {
    for (const id of ["nope", "01890000-0000-7000-8000-000000000000"])
      for (const act of ["get", "replay", "discard"] as const)
        await expect(store()[act](id)).rejects.toMatchObject({ code: "dead_letter.not_found" });
  });

  it("asked twice for a replay asks once", async () => {
    const { host } = breakable();
    await host.send(incoming());
    const { id } = await only();
    await store().replay(id);
    await expect(store().replay(id)).resolves.toMatchObject({ status: "replay_requested" });
  });
});

describe("pruning the inbox", () => {
  it("takes what is older than the limit, in batches, and leaves the rest", async () => {
    await db.database.query(
      `insert into tandem.inbox (consumer, event_id, handled_at)
       select 'c', g::text, now() - g * interval '1 hour' from generate_series(1, 100) g`,
    );
    await db.database.query(
      `insert into tandem.consumer_attempt (consumer, event_id, attempts, error_kind, error_code, error_message, fingerprint, last_failed_at)
       values ('c', 'old', 1, 'k', 'c', 'm', 'f', now() - interval '90 hours'), ('c', 'new', 1, 'k', 'c', 'm', 'f', now())`,
    );
    expect(await pruneInbox(db.database, { retainMs: 48.5 * 3_600_000, batchSize: 10 })).toBe(53);
    const { rows } = await db.database.query("select count(*)::int as left from tandem.inbox");
    expect(rows).toEqual([{ left: 48 }]);
  });

  it("is done by the replay worker", async () => {
    await db.database.query(
      "insert into tandem.inbox values ('c', 'old', now() - interval '30 days'), ('c', 'new', now())",
    );
    await replayWorker(hostOf(db.database, []));
    await pollUntil(async () => (await db.database.query("select 1 from tandem.inbox")).rows.length === 1);
  });
});
