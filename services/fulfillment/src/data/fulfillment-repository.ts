import type { Transaction } from "@tandem/postgres";
import type { FulfillmentRepository } from "../biz/ports.ts";
import { fulfillmentNotFound } from "../model/errors.ts";
import type { Fulfillment } from "../model/fulfillment.ts";
import {
  type FoundFulfillment,
  FULFILLMENT_COLUMNS,
  fulfillmentFromSql,
  fulfillmentToJson,
  selectFulfillment,
} from "./fulfillment-row.ts";

const FOUND = selectFulfillment("f");
const LOCK = `select ${FOUND} from fulfillment f`;

const NAMES = FULFILLMENT_COLUMNS.join(", ");
const CREATE = `insert into fulfillment (${NAMES}) select ${NAMES} from jsonb_populate_recordset(null::fulfillment, $1::jsonb)`;

// Whose it is and where it goes never changes.
const CHANGING =
  `status, lines, more_parts, shipment_id, weight_grams, reason, flagged_at, status_since, updated_at, version`.split(
    ", ",
  );
const UPDATE = `
  update fulfillment f set ${CHANGING.map((name) => `${name} = s.${name}`).join(", ")}
  from jsonb_populate_recordset(null::fulfillment, $1::jsonb) s where f.id = s.id`;

const INBOX = `
  with inbox as (
    insert into tandem.inbox (consumer, event_id) values ($1, $2) on conflict do nothing returning event_id
  )`;

const MOVE = `${INBOX}, moved as (
    update fulfillment f
    set status = $5, shipment_id = coalesce($6, f.shipment_id), flagged_at = null, status_since = $7, updated_at = $7, version = f.version + 1
    where f.id = $3 and f.status = $4 and exists (select from inbox)
    returning ${FOUND}
  )
  select exists (select from inbox) as "fresh", moved.* from (values (1)) one left join moved on true`;

const OPEN = `${INBOX}, heard as (
    insert into fulfilled_order (order_id) select $3::uuid where exists (select from inbox) on conflict do nothing returning order_id
  ), opened as (
    ${CREATE.replace("$1", "$4")} where exists (select from heard)
  )
  select exists (select from inbox) as "fresh", exists (select from heard) as "opened"`;

/** @param onOpened called after the commit of a transaction that opened work or moved it on to its next step */
export const makeFulfillmentRepository = (tx: Transaction, onOpened: () => void): FulfillmentRepository => {
  const changed = new Map<string, Fulfillment>();
  const lock = async (name: string, condition: string, values: readonly unknown[]): Promise<Fulfillment[]> => {
    const { rows } = await tx.client.query<FoundFulfillment>({
      name: `fulfillment lock ${name}`,
      text: `${LOCK} ${condition}`,
      values: [...values],
    });
    return rows.map(fulfillmentFromSql);
  };
  const write = (name: string, text: string, fulfillments: readonly Fulfillment[]) =>
    tx.client.query({ name, text, values: [JSON.stringify(fulfillments.map(fulfillmentToJson))] });

  return {
    async lockById(fulfillmentId) {
      const [found] = await lock("by id", "where f.id = $1 for update", [fulfillmentId]);
      if (!found) throw fulfillmentNotFound(fulfillmentId);
      return found;
    },

    lockByOrderId: (orderId) => lock("by order", "where f.order_id = $1 order by f.id for update", [orderId]),

    // With the order's row, and without waiting for either: whoever holds one of them is working on it.
    lockDue: (since, limit) =>
      lock(
        "due",
        `join fulfilled_order o on o.order_id = f.order_id
         where f.status in ('PENDING', 'PICKING') and f.status_since <= $1
         order by f.status_since limit $2 for update skip locked`,
        [since, limit],
      ),

    async create(fulfillments) {
      if (fulfillments.length === 0) return;
      await write("fulfillment create", CREATE, fulfillments);
      tx.afterCommit(onOpened);
    },

    async openFirst(orderId, fulfillments, once) {
      const { rows } = await tx.client.query<{ fresh: boolean; opened: boolean }>({
        name: "fulfillment open first",
        text: OPEN,
        values: [once.consumer, once.eventId, orderId, JSON.stringify(fulfillments.map(fulfillmentToJson))],
      });
      once.written(rows[0]?.fresh === true);
      if (!rows[0]?.opened) return false;
      tx.afterCommit(onOpened);
      return true;
    },

    async move(fulfillmentId, { from, to, shipmentId }, now, once) {
      const { rows } = await tx.client.query<FoundFulfillment & { readonly fresh: boolean }>({
        name: "fulfillment move",
        text: MOVE,
        values: [once.consumer, once.eventId, fulfillmentId, from, to, shipmentId ?? null, now],
      });
      const [{ fresh, ...moved } = { fresh: false, id: null }] = rows;
      once.written(fresh);
      return moved.id === null ? undefined : fulfillmentFromSql(moved as FoundFulfillment);
    },

    // The row is locked: all that changed travels with COMMIT, in one statement, each as it is in the end.
    async update(fulfillment) {
      if (changed.size === 0) tx.atCommit(() => write("fulfillment update", UPDATE, [...changed.values()]));
      changed.set(fulfillment.id, fulfillment);
      if (fulfillment.status === "PICKING") tx.afterCommit(onOpened);
    },
  };
};
