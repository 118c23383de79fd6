import type { Transaction } from "@tandem/postgres";
import type { FulfillmentRepository } from "../biz/ports.ts";
import { fulfillmentNotFound } from "../model/errors.ts";
import type { Fulfillment } from "../model/fulfillment.ts";
import {
  type FoundFulfillment,
  fulfillmentFromSql,
  fulfillmentToJson,
  insertFulfillments,
  selectFulfillment,
} from "./fulfillment-row.ts";
import type { PendingWrites } from "./pending-writes.ts";

const FOUND = selectFulfillment("f");
const LOCK = `select ${FOUND} from fulfillment f`;

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

/** @param onOpened called after the commit of a transaction that opened work or moved it on to its next step */
export const makeFulfillmentRepository = (
  tx: Transaction,
  pending: PendingWrites,
  onOpened: () => void,
): FulfillmentRepository => {
  const lock = async (name: string, condition: string, values: readonly unknown[]): Promise<Fulfillment[]> => {
    const { rows } = await tx.client.query<FoundFulfillment>({
      name: `fulfillment lock ${name}`,
      text: `${LOCK} ${condition}`,
      values: [...values],
    });
    return rows.map(fulfillmentFromSql);
  };
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
      await tx.client.query({
        name: "fulfillment create",
        text: insertFulfillments("$1"),
        values: [JSON.stringify(fulfillments.map(fulfillmentToJson))],
      });
      tx.afterCommit(onOpened);
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

    async update(fulfillment) {
      pending.change(fulfillment);
      if (fulfillment.status === "PICKING") tx.afterCommit(onOpened);
    },
  };
};
