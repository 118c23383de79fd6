import { CARRIED_COLUMNS, type CarriedEvent, carriedEvents, type Outbox } from "@tandem/messaging";
import { currentTraceparent } from "@tandem/runtime";
import type { NewOperation, StepToSave } from "../biz/ports.ts";
import { toOutgoingEvent } from "../events/to-outgoing-event.ts";
import { shipmentToJson } from "./shipment-row.ts";

/** Of the request that a step belongs to: its events and what it asks go on in the same trace. */
export interface TracedStep extends StepToSave {
  readonly traceparent: string | undefined;
  readonly rows: readonly CarriedEvent[];
}

export const traced = (step: StepToSave, outbox: Outbox): TracedStep => ({
  ...step,
  traceparent: currentTraceparent(),
  rows: outbox.rowsOf(...step.events.map(toOutgoingEvent)),
});

/** What a step may change of a shipment. Addresses only go: the rest of it never changes. */
const CHANGING = {
  status: "text",
  carrier: "text",
  carrier_service: "text",
  price_currency: "text",
  price_minor: "bigint",
  tracking_number: "text",
  tracking_url: "text",
  routing_code: "text",
  estimated_delivery_at: "timestamptz",
  refused_by: "jsonb",
  handed_over: "boolean",
  cancelled_by: "text",
  failure: "text",
  reason: "text",
  updated_at: "timestamptz",
  dispatched_at: "timestamptz",
  delivered_at: "timestamptz",
  version: "bigint",
} as const;
const NAMES = Object.keys(CHANGING);

export const askToJson = (next: NewOperation | undefined, traceparent: string | undefined) =>
  next
    ? {
        ask_id: next.id,
        ask_kind: next.kind,
        ask_in_ms: next.delayMs,
        ask_tries: next.held ? 1 : 0,
        ask_created_at: next.createdAt,
        ask_traceparent: traceparent,
      }
    : {};

export const ASKED =
  "ask_id uuid, ask_kind text, ask_in_ms float8, ask_tries int, ask_created_at timestamptz, ask_traceparent text";

/** The row of what is asked next; one in the hands of whoever writes it looks as after its first claim. */
export const ASK = `
  insert into operation (id, shipment_id, kind, status, due_at, attempts, token, created_at, traceparent)
  select ask_id, id, ask_kind, 'OPEN', now() + ask_in_ms * interval '1 millisecond', ask_tries, ask_tries, ask_created_at, ask_traceparent`;

const toJson = ({ before, shipment, tracking, from, next, traceparent, rows }: TracedStep, n: number) => {
  const row = shipmentToJson(shipment);
  return {
    n,
    id: before.id,
    known_version: before.version.toString(),
    known_erased: before.erased,
    changed: shipment !== before,
    ...Object.fromEntries(NAMES.map((name) => [name, row[name]])),
    ...(shipment.sender !== before.sender && { sender: shipment.sender }),
    ...(shipment.recipient !== before.recipient && { recipient: shipment.recipient }),
    told: tracking,
    events: rows.map((event, i) => ({ i, ...event })),
    ...(from && {
      from_id: from.id,
      from_token: from.token.toString(),
      from_status: !from.outcome ? "OPEN" : from.outcome.type === "refused" ? "FAILED" : "SUCCEEDED",
      from_error: from.outcome?.type === "refused" ? from.outcome.text : null,
      from_again_in_ms: from.outcome ? null : from.againInMs,
    }),
    ...askToJson(next, traceparent),
  };
};

/**
 * Each step as a whole or not at all, any number of them: the shipment as it was known, and the operation under its token, else nothing; its events go with it. Erasure
 * leaves the version alone, so it is looked at too. Shipments are locked before operations, by id.
 */
const WRITE = `
  with step as materialized (
    select * from jsonb_to_recordset($1::jsonb) as s(
      n int, id uuid, known_version bigint, known_erased boolean, changed boolean,
      ${Object.entries(CHANGING)
        .map(([name, type]) => `${name} ${type}`)
        .join(", ")}, sender jsonb, recipient jsonb, told jsonb, events jsonb,
      from_id uuid, from_token bigint, from_status text, from_error text, from_again_in_ms float8, ${ASKED})
    limit $2
  ), known as materialized (
    select n from shipment p join step s on p.id = s.id and p.version = s.known_version and p.erased = s.known_erased
    order by p.id for no key update of p
  ), held as (
    update operation o
    set status = s.from_status, last_error = s.from_error,
      finished_at = case when s.from_again_in_ms is null then now() end,
      due_at = coalesce(now() + s.from_again_in_ms * interval '1 millisecond', o.due_at),
      attempts = case when s.from_again_in_ms is null then o.attempts else 0 end,
      uncertain = o.uncertain and s.from_again_in_ms is null
    from step s join known using (n)
    where o.id = s.from_id and o.token = s.from_token and o.status = 'OPEN'
    returning s.n
  ), able as materialized (
    select n from held union all select n from step join known using (n) where from_id is null
  ), saved as (
    update shipment p
    set ${NAMES.map((name) => `${name} = s.${name}`).join(", ")}, sender = coalesce(s.sender, p.sender),
      recipient = coalesce(s.recipient, p.recipient)
    from step s join able using (n)
    where p.id = s.id and s.changed
  ), told as (
    insert into tracking_event (shipment_id, at, status, text, place)
    select s.id, t.at, t.status, t.text, t.place
    from step s join able using (n), jsonb_to_recordset(s.told) as t(at timestamptz, status text, text text, place text)
    on conflict do nothing
  ), asked as (${ASK} from step join able using (n) where ask_id is not null
  ), ${carriedEvents(
    `select e.* from step s join able using (n), jsonb_to_recordset(s.events) as e(i int, ${CARRIED_COLUMNS}) order by s.n, e.i`,
  )}
  select n from able`;

export interface Written extends Record<string, unknown> {
  readonly n: number;
}

/** Answers which of the steps are written. */
export const writeSteps = async (
  run: (query: { name: string; text: string; values: unknown[] }) => Promise<{ readonly rows: readonly Written[] }>,
  steps: readonly TracedStep[],
): Promise<ReadonlySet<TracedStep>> => {
  const { rows } = await run({
    name: "shipment steps",
    text: WRITE,
    // Their number is the limit: without one Postgres counts on a hundred steps, and reads whole tables for them.
    values: [JSON.stringify(steps.map(toJson)), steps.length],
  });
  const written = new Set(rows.map(({ n }) => n));
  return new Set(steps.filter((_, n) => written.has(n)));
};
