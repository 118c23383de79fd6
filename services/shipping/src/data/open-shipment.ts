import { currentTraceparent } from "@tandem/runtime";
import type { InboxKey, NewOperation } from "../biz/ports.ts";
import type { Shipment } from "../model/shipment.ts";
import { SHIPMENT_COLUMNS, shipmentToJson } from "./shipment-row.ts";
import { ASK, ASKED, askToJson } from "./write-steps.ts";

const NAMES = SHIPMENT_COLUMNS.join(", ");

// $1 the shipment, $2 its customer, $3 what is asked first.
const opened = (condition: string) => `
  opened as (
    insert into shipment (${NAMES})
    select ${NAMES}
    from jsonb_populate_record(null::shipment, $1::jsonb || jsonb_build_object('erased', customer_is_erased($2::uuid)))
    ${condition}
    on conflict do nothing
    returning id, erased
  ), asked as (${ASK} from opened, jsonb_to_record($3::jsonb) as a(${ASKED}) where ask_id is not null)`;

const OPEN = `with ${opened("")} select erased from opened`;

const OPEN_ONCE = `
  with inbox as (
    insert into tandem.inbox (consumer, event_id) values ($4, $5) on conflict do nothing returning event_id
  ), ${opened("where exists (select from inbox)")}
  select exists (select from inbox) as fresh, exists (select from opened) as opened`;

const valuesOf = (shipment: Shipment, next: NewOperation | undefined): unknown[] => [
  JSON.stringify(shipmentToJson(shipment)),
  shipment.customerId,
  JSON.stringify(askToJson(next, currentTraceparent())),
];

/** Opens a shipment with what it asks first, unless its fulfillment or return has one. */
export const openQuery = (shipment: Shipment, next: NewOperation | undefined) => ({
  name: "shipment open",
  text: OPEN,
  values: valuesOf(shipment, next),
});

/** With the inbox row, which is there afterwards whether it opened one or not. */
export const openOnceQuery = (shipment: Shipment, next: NewOperation | undefined, { consumer, eventId }: InboxKey) => ({
  name: "shipment open once",
  text: OPEN_ONCE,
  values: [...valuesOf(shipment, next), consumer, eventId],
});

// The state that it begins at does not come again: of two at once one finds it, and who comes again does not.
const HAND_OVER = `
  with moved as (
    update shipment s set handed_over = true, updated_at = $4, version = s.version + 1
    where s.fulfillment_id = $3 and s.status = $5 and not s.handed_over and s.cancelled_by is null
      and not exists (select from tandem.inbox where consumer = $1 and event_id = $2)
    returning s.id
  ), inbox as (
    insert into tandem.inbox (consumer, event_id) select $1, $2 from moved on conflict do nothing
  ), asked as (${ASK} from moved, jsonb_to_record($6::jsonb) as a(${ASKED}))
  select id from moved`;

export const handOverQuery = (
  fulfillmentId: string,
  from: Shipment["status"],
  next: NewOperation,
  { consumer, eventId }: InboxKey,
) => ({
  name: "shipment hand over",
  text: HAND_OVER,
  values: [
    consumer,
    eventId,
    fulfillmentId,
    next.createdAt,
    from,
    JSON.stringify(askToJson(next, currentTraceparent())),
  ],
});
