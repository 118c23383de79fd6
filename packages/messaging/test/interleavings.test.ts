import { setTimeout as sleep } from "node:timers/promises";
import { pollUntil, readSeed, type TestDatabase } from "@tandem/testkit";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { EventPublisher, OutboxEvent } from "../src/events.ts";
import { createRelay, type FaultPoint, type IncomingEvent, releaseParked } from "../src/index.ts";
import { consumerOf, hostOf, incoming, openConsumerDatabase } from "./consumer-support.ts";
import { addEvents, balanceOf, eventOf, openAnother } from "./support.ts";

// Short in the suite; `FAULT_RUNS=500` for a long one. A failure prints its seed and path: put them into SEED and PATH.
const RUNS = Number(process.env["FAULT_RUNS"] ?? 12);
const SEED = readSeed(process.env, "FAULT_SEED");
const PATH = process.env["FAULT_PATH"];
const PARAMETERS = { numRuns: RUNS, seed: SEED, ...(PATH !== undefined && { path: PATH }), endOnFailure: true };
const SUITE = { timeout: 60_000 + RUNS * 10_000 };

let db: TestDatabase;
beforeAll(async () => {
  process.stderr.write(`interleavings: FAULT_SEED=${SEED} FAULT_RUNS=${RUNS}\n`);
  db = await openConsumerDatabase();
});
afterAll(() => db.dispose());

const POINTS: readonly FaultPoint[] = ["before-claim", "after-claim", "mid-batch", "after-publish", "before-mark"];
const misdeed = fc.oneof(
  { weight: 6, arbitrary: fc.constant("fine" as const) },
  { weight: 1, arbitrary: fc.constantFrom("throw", "forget", "transient", "permanent", "hang", "partly") },
);
const plan = fc.record({
  /** Commits: how many events, of which of four aggregates, and whether the transaction is rolled back. */
  writes: fc.array(
    fc.record({
      subjects: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 }),
      rollback: fc.boolean(),
      pauseMs: fc.integer({ min: 0, max: 6 }),
    }),
    { minLength: 1, maxLength: 25 },
  ),
  /** What each publish call does. */
  misdeeds: fc.array(misdeed, { maxLength: 30 }),
  /** At which passing of a fault point a relay stands still, past its lease, as if it were dead. */
  stalls: fc.array(
    fc.record({
      relay: fc.integer({ min: 0, max: 1 }),
      point: fc.constantFrom(...POINTS),
      nth: fc.integer({ min: 1, max: 6 }),
    }),
    { maxLength: 2 },
  ),
  batchSize: fc.integer({ min: 1, max: 8 }),
  maxRun: fc.integer({ min: 1, max: 4 }),
});

it(
  "whatever relays and broker do: committed is published, rolled back never, in order, and the sum comes out",
  SUITE,
  async () => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ writes, misdeeds, stalls, batchSize, maxRun }) => {
        await db.database.query(
          "truncate tandem.outbox_event, tandem.outbox_claim, tandem.outbox_lease, tandem.outbox_sent, tandem.outbox_parked",
        );
        const out: OutboxEvent[] = [];
        const pending = [...misdeeds];
        const publisher: EventPublisher = {
          publish: async (batch) => {
            const what = pending.shift() ?? "fine";
            if (what === "throw") throw new Error("thrown");
            if (what === "hang") return new Promise(() => {});
            const failed = (kind: "transient" | "permanent") =>
              batch.map(({ id }) => ({ id, status: "failed", kind, error: new Error(kind) }) as const);
            if (what === "transient" || what === "permanent") return failed(what);
            // "forget": it is out, and nobody says so.
            const going = what === "partly" ? batch.filter((_, at) => at % 2 === 0) : batch;
            out.push(...going);
            return what === "forget" ? [] : going.map(({ id }) => ({ id, status: "sent" }));
          },
        };
        const databases = [openAnother(db, "relay 0"), openAnother(db, "relay 1")];
        const relays = databases.map((database, relay) => {
          const passed = new Map<FaultPoint, number>();
          return createRelay({
            database,
            publisher,
            batchSize,
            maxRun,
            leaseMs: 200,
            publishTimeoutMs: 60,
            maxCrashes: 50,
            retryMinDelayMs: 1,
            retryMaxDelayMs: 20,
            outageMinPauseMs: 1,
            outageMaxPauseMs: 20,
            faultPoint: async (point) => {
              const nth = (passed.get(point) ?? 0) + 1;
              passed.set(point, nth);
              if (stalls.some((stall) => stall.relay === relay && stall.point === point && stall.nth === nth))
                await sleep(350);
            },
          });
        });
        const stop = new AbortController();
        try {
          await Promise.all(relays.map((relay) => relay.start(stop.signal)));
          const committed: string[] = [];
          const rolledBack: string[] = [];
          let version = 0;
          for (const { subjects, rollback, pauseMs } of writes) {
            const events = subjects.map((subject) => eventOf(`a-${subject}`, ++version));
            const write = rollback
              ? db.database.transact(async (tx) => {
                  const { createOutbox } = await import("../src/outbox.ts");
                  await createOutbox({ database: db.database, source: "order" })
                    .in(tx)
                    .add(...events);
                  throw new Error("rolled back");
                })
              : addEvents(db.database, ...events);
            await write.catch((error: Error) => expect(error.message).toBe("rolled back"));
            (rollback ? rolledBack : committed).push(...events.map(({ id }) => id));
            await sleep(pauseMs);
            await balanceOf(db.database);
          }
          await pollUntil(
            async () => {
              await releaseParked(db.database);
              const { pending: waiting, leased, dead } = await balanceOf(db.database);
              return waiting + leased + dead === 0;
            },
            { timeoutMs: 30_000 },
          );
          const ids = new Set(out.map(({ id }) => id));
          expect(ids).toEqual(new Set(committed));
          expect(rolledBack.some((id) => ids.has(id))).toBe(false);
          expect(await balanceOf(db.database)).toMatchObject({ sent: committed.length, inserted: committed.length });
          // Each sent once in the ledger, by whoever held the lease.
          const { rows } = await db.database.query(
            "select count(*)::int n, count(distinct s)::int d from tandem.outbox_sent, unnest(seqs) s",
          );
          expect(rows).toEqual([{ n: committed.length, d: committed.length }]);
          // First appearances are in order, unless an event was parked and released later.
          if (!misdeeds.includes("permanent"))
            for (const subject of new Set(out.map((event) => event.subject))) {
              const versions = out
                .filter((event) => event.subject === subject)
                .map((event) => Number(event.aggregateVersion));
              const first = [...new Set(versions)];
              expect(first).toEqual(first.toSorted((a, b) => a - b));
            }
        } finally {
          stop.abort();
          await Promise.all(relays.map((relay) => relay.stop()));
          await Promise.all(databases.map((database) => database.dispose()));
        }
      }),
      PARAMETERS,
    );
  },
);

it("whatever is duplicated, reordered or fails on the way: each event has one effect per consumer", SUITE, async () => {
  const arbitrary = fc.record({
    // Which of eight events is delivered, to which of two workers, and whether the handler fails before or after its write.
    deliveries: fc.array(
      fc.record({
        event: fc.integer({ min: 0, max: 7 }),
        worker: fc.integer({ min: 0, max: 1 }),
        fails: fc.constantFrom("no", "no", "no", "before", "after"),
        slowMs: fc.integer({ min: 0, max: 3 }),
      }),
      { minLength: 8, maxLength: 60 },
    ),
    width: fc.integer({ min: 1, max: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ deliveries, width }) => {
      await db.database.query("truncate effect, tandem.inbox, tandem.dead_letter, tandem.consumer_attempt");
      const events: readonly IncomingEvent[] = Array.from({ length: 8 }, (_, n) => incoming({ subject: `p-${n % 3}` }));
      const fates: { fails: string; slowMs: number }[] = [];
      const workers = [0, 1].map(() =>
        hostOf(db.database, [
          consumerOf(
            async (_, { id, subject }) => {
              const { fails, slowMs } = fates.shift() ?? { fails: "no", slowMs: 0 };
              if (fails === "before") throw new Error("before");
              await db.database.transact(async (tx) => {
                await tx.client.query("insert into effect (consumer, event_id, subject) values ('c', $1, $2)", [
                  id,
                  subject,
                ]);
                await sleep(slowMs);
                if (fails === "after") throw new Error("after");
              });
            },
            { retry: { maxAttempts: 100 } },
          ),
        ]),
      );
      const queue = [...deliveries];
      const acked = new Set<number>();
      await Promise.all(
        Array.from({ length: width }, async () => {
          for (let next = queue.shift(); next; next = queue.shift()) {
            fates.push(next);
            if ((await workers[next.worker]?.send(events[next.event] as IncomingEvent)) === "ack")
              acked.add(next.event);
          }
        }),
      );
      const { rows } = await db.database.query<{ event_id: string; n: number }>(
        "select event_id, count(*)::int n from effect group by 1",
      );
      expect(rows.every(({ n }) => n === 1)).toBe(true);
      // Acknowledged if and only if the effect is there.
      const done = new Set(rows.map(({ event_id }) => events.findIndex(({ id }) => id === event_id)));
      expect(done).toEqual(acked);
      const { rows: inbox } = await db.database.query("select 1 from tandem.inbox");
      expect(inbox).toHaveLength(done.size);
    }),
    PARAMETERS,
  );
});
