import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTimelineReader } from "../src/data/timeline-reader.ts";
import { makeTimelineStore } from "../src/data/timeline-store.ts";
import type { TimelineEvent } from "../src/model/timeline-event.ts";
import { type Harness, startHarness } from "./harness.ts";

const EVENTS = 100_000;
const DAY = 86_400_000;
let operations: Harness;
let busy: string;
beforeAll(async () => {
  operations = await startHarness();
  busy = newId();
  // A hundred thousand events of twenty thousand orders; one seller is in a tenth of them.
  await operations.database.query(
    `with event as (
       insert into timeline_event (event_id, topic, type, source, subject, aggregate_version, occurred_at, received_at, trace_id,
         correlation_id, foreign_version, payload, reference_kinds, reference_ids)
       select 'e' || n, 'order.updated', 't', 'order', 'o' || n % 20000, n / 20000, at, at, '', '', false, '{}',
         array['order', 'seller'], array['o' || n % 20000, case when n % 10 = 0 then $1 else 's' || n % 500 end]
       from generate_series(1, $2) as n, lateral (select $3::timestamptz + n * interval '1 second' as at) as time
       returning seq, occurred_at, aggregate_version, reference_kinds, reference_ids)
     insert into timeline_reference (kind, id, occurred_at, aggregate_version, seq)
     select r.kind, r.id, occurred_at, aggregate_version, seq from event, unnest(reference_kinds, reference_ids) as r (kind, id)`,
    [busy, EVENTS, new Date(operations.clock.now().getTime() - 2 * DAY)],
  );
  await operations.database.query("analyze timeline_event, timeline_reference");
}, 60_000);
afterAll(() => operations[Symbol.asyncDispose]());

/** The plans of the statements that `work` sends. */
const plansOf = async (work: (reader: ReturnType<typeof makeTimelineReader>) => Promise<unknown>) => {
  const plans: string[] = [];
  const explaining = {
    query: async (text: string, values: unknown[]) => {
      const { rows } = await operations.database.query(`explain ${text}`, values);
      plans.push(rows.map((row) => row["QUERY PLAN"]).join("\n"));
      return operations.database.query(text, values);
    },
  };
  await work(makeTimelineReader(explaining as never));
  return plans;
};

describe("a timeline of a hundred thousand events", () => {
  it("is read by its index, first page and later ones, whether something is in few events or in many", async () => {
    const reader = makeTimelineReader(operations.database);
    for (const [kind, id] of [
      ["order", "o77"],
      ["seller", busy],
    ] as const) {
      const criteria = { kind, id, withPayload: true };
      const first = await reader.listByReference(criteria, { limit: 3 });
      expect(first.items).toHaveLength(3);
      const plans = await plansOf((explained) =>
        explained.listByReference(criteria, { limit: 50, cursor: first.nextCursor }),
      );
      for (const plan of plans) {
        expect(plan).toMatch(/Index (Only )?Scan using timeline_reference_pkey/);
        expect(plan).not.toMatch(/Seq Scan|Sort/);
      }
    }
  });

  it("takes events by one statement each, and the same ones not again", async () => {
    const sent: string[] = [];
    const { database } = operations;
    const counting = {
      query: (config: { text: string }) => {
        sent.push(config.text);
        return database.query(config as never);
      },
    };
    const store = makeTimelineStore(counting as never);
    const at = operations.clock.now();
    const event: TimelineEvent = {
      eventId: newId(),
      topic: "order.created",
      type: "t",
      source: "order",
      subject: "o",
      aggregateVersion: 1n,
      occurredAt: at,
      receivedAt: at,
      traceId: "",
      correlationId: "",
      foreignVersion: false,
      payload: {},
      references: Array.from({ length: 20 }, () => ({ kind: "product", id: newId() })),
    };
    expect([await store.append(event), await store.append(event)]).toEqual([true, false]);
    expect(sent).toHaveLength(2);

    // What comes together is one statement, in which the same event is new once.
    const [one, other] = [newId(), newId()].map((eventId) => ({ ...event, eventId }));
    const together = [one, other, one].map((each) => store.append({ ...event, ...each }));
    expect(await Promise.all(together)).toEqual([true, true, false]);
    expect(sent).toHaveLength(3);
  });

  it("lets an event that Postgres refuses take down none of those that came with it", async () => {
    const store = makeTimelineStore(operations.database);
    const at = operations.clock.now();
    const event = (payload: TimelineEvent["payload"]): TimelineEvent => ({
      eventId: newId(),
      topic: "order.created",
      type: "t",
      source: "order",
      subject: "o",
      aggregateVersion: 1n,
      occurredAt: at,
      receivedAt: at,
      traceId: "",
      correlationId: "",
      foreignVersion: false,
      payload,
      references: [],
    });
    const outcomes = await Promise.allSettled(
      [event({}), event({ text: "\0" }), event({ text: "fine" })].map((each) => store.append(each)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  it("forgets old events with their references, in batches", async () => {
    const store = makeTimelineStore(operations.database);
    const before = new Date(operations.clock.now().getTime() - 1.5 * DAY);
    const expected = await operations.database.query("select from timeline_event where received_at < $1", [before]);
    let gone = 0;
    for (let batch = -1; batch !== 0; gone += batch) batch = await store.deleteReceivedBefore(before, 20_000);
    expect(gone).toBe(expected.rowCount);
    expect(gone).toBeGreaterThan(40_000);
    const { rows } = await operations.database.query(
      "select from timeline_reference r where not exists (select from timeline_event e where e.seq = r.seq)",
    );
    expect(rows).toHaveLength(0);
  });
});
