import { CARRIED_COLUMNS, type CarriedEvent, carriedEvents, type Outbox } from "@tandem/messaging";
import type { Transaction } from "@tandem/postgres";
import { toOutgoingEvent } from "../events/to-outgoing-event.ts";
import type { Fulfillment } from "../model/fulfillment.ts";
import type { FulfillmentEvent } from "../model/fulfillment-events.ts";
import { fulfillmentToJson } from "./fulfillment-row.ts";

// Whose it is and where it goes never changes.
const CHANGING =
  `status, lines, more_parts, shipment_id, weight_grams, reason, flagged_at, status_since, updated_at, version`.split(
    ", ",
  );

/** The CTEs that write the events of a JSON array, in its order. */
export const eventsOf = (json: string): string =>
  carriedEvents(`select * from jsonb_to_recordset(${json}) as e(i int, ${CARRIED_COLUMNS}) order by i`);

export const eventsToJson = (rows: readonly CarriedEvent[]): string =>
  JSON.stringify(rows.map((row, i) => ({ i, ...row })));

// Their number is the limit: without one Postgres counts on a hundred rows, and reads the whole table for them.
const WRITE = `
  with changed as (
    update fulfillment f set ${CHANGING.map((name) => `${name} = s.${name}`).join(", ")}
    from (select * from jsonb_populate_recordset(null::fulfillment, $1::jsonb) limit $2) s where f.id = s.id
  ), ${eventsOf("$3::jsonb")} select 1`;

/** What a transaction changes of rows that it holds, and announces: one statement, which travels with COMMIT. Each row as it is in the end. */
export interface PendingWrites {
  change(fulfillment: Fulfillment): void;
  announce(...events: readonly FulfillmentEvent[]): void;
}

export const collectWrites = (tx: Transaction, outbox: Outbox): PendingWrites => {
  const changed = new Map<string, Fulfillment>();
  const events: CarriedEvent[] = [];
  const write = () =>
    tx.client.query({
      name: "fulfillment write",
      text: WRITE,
      values: [JSON.stringify([...changed.values()].map(fulfillmentToJson)), changed.size, eventsToJson(events)],
    });
  const expect = () => {
    if (changed.size + events.length > 0) return;
    tx.atCommit(write);
    tx.afterCommit(() => {
      if (events.length > 0) outbox.wake();
    });
  };
  return {
    change: (fulfillment) => {
      expect();
      changed.set(fulfillment.id, fulfillment);
    },
    announce: (...told) => {
      if (told.length === 0) return;
      expect();
      events.push(...outbox.rowsOf(...told.map(toOutgoingEvent)));
    },
  };
};
