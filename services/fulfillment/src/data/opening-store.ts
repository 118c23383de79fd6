import type { Outbox } from "@tandem/messaging";
import type { Database } from "@tandem/postgres";
import type { OpeningStore } from "../biz/ports.ts";
import { toOutgoingEvent } from "../events/to-outgoing-event.ts";
import { fulfillmentToJson, insertFulfillments } from "./fulfillment-row.ts";
import { eventsOf, eventsToJson } from "./pending-writes.ts";

// An order is heard of once: of two at once one makes its row, and who comes again makes none.
const OPEN = `
  with heard as (
    insert into fulfilled_order (order_id)
    select $3::uuid where not exists (select from tandem.inbox where consumer = $1 and event_id = $2)
    on conflict do nothing
    returning order_id
  ), inbox as (
    insert into tandem.inbox (consumer, event_id) select $1, $2 from heard on conflict do nothing
  ), opened as (
    ${insertFulfillments("$4")} where exists (select from heard)
  ), announced as (
    select $5::jsonb as events where exists (select from heard)
  ), ${eventsOf("(select events from announced)")}
  select order_id from heard`;

/** @param onOpened called when work was opened */
export const makeOpeningStore = (
  database: Pick<Database, "query">,
  outbox: Outbox,
  onOpened: () => void,
): OpeningStore => ({
  async openFirst(orderId, fulfillments, events, { consumer, eventId }, signal) {
    const rows = outbox.rowsOf(...events.map(toOutgoingEvent));
    const { rowCount } = await database.query(
      {
        name: "fulfillment open first",
        text: OPEN,
        values: [consumer, eventId, orderId, JSON.stringify(fulfillments.map(fulfillmentToJson)), eventsToJson(rows)],
      },
      undefined,
      signal,
    );
    if (rowCount !== 1) return false;
    outbox.wake();
    onOpened();
    return true;
  },
});
