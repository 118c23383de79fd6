// STAND-IN. Removed when fulfillment and shipping exist (issue 4). It publishes the same events that shipping will.
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { OrderCancelledSchema, OrderConfirmedSchema } from "@tandem/contracts/order";
import { ShipmentCreatedSchema, ShipmentDeliveredSchema, ShipmentDispatchedSchema } from "@tandem/contracts/shipping";
import { type Clock, newId } from "@tandem/kernel";
import { type Consumer, createOutbox, defineConsumer, newEvent } from "@tandem/messaging";
import type { Database } from "@tandem/postgres";
import { type ContinuousWorker, currentTraceparent, type Logger, withTraceparent } from "@tandem/runtime";
import { createPoller } from "./create-poller.ts";

export interface StandinCarrierOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** From confirmed to on its way, and from there to the door. */
  readonly delayMs: number;
}

interface DueRow extends Record<string, unknown> {
  readonly id: string;
  readonly orderId: string;
  readonly sellerId: string;
  readonly state: "DISPATCHED" | "DELIVERED";
  readonly version: string;
  readonly traceparent: string | null;
}

const CARRIER = "Stand-in Parcel";
const BATCH = 100;

/** A carrier that loses nothing: one parcel per seller, on its way after a moment, at the door after another. */
export const standinCarrier = ({ database, clock, log, delayMs }: StandinCarrierOptions) => {
  const outbox = createOutbox({ database, source: "order" });
  const trackingOf = (shipmentId: string) => `ST-${shipmentId.slice(-12).toUpperCase()}`;
  const later = (at: Date) => new Date(at.getTime() + delayMs);

  const eventOf = ({ id, orderId, sellerId, state, version }: DueRow, now: Date) => {
    const common = {
      shipmentId: id,
      aggregateVersion: BigInt(version),
      occurredAt: timestampFromDate(now),
      orderId,
      sellerId,
    };
    return state === "DISPATCHED"
      ? newEvent(ShipmentDispatchedSchema, { ...common, carrier: CARRIER, trackingNumber: trackingOf(id) })
      : newEvent(ShipmentDeliveredSchema, common);
  };

  const move = (): Promise<number> =>
    database.transact(async (tx) => {
      const now = clock.now();
      const { rows } = await tx.client.query<DueRow>({
        name: "standin move",
        text: `
          update standin_shipment s
          set state = case s.state when 'CREATED' then 'DISPATCHED' else 'DELIVERED' end, due_at = $2, version = s.version + 1
          from (select id from standin_shipment where state in ('CREATED', 'DISPATCHED') and due_at <= $1
                order by due_at limit ${BATCH} for update skip locked) due
          where s.id = due.id
          returning s.id, s.order_id as "orderId", s.seller_id as "sellerId", s.state, s.version::text, s.traceparent`,
        values: [now, later(now)],
      });
      for (const row of rows) {
        await withTraceparent(row.traceparent ?? undefined, () => outbox.in(tx).add(eventOf(row, now)));
      }
      return rows.length;
    });

  const poller = createPoller({
    name: "order.standin-carrier",
    work: move,
    full: BATCH,
    pauseMs: Math.min(delayMs, 200) + 20,
    log,
  });

  const onOrderConfirmed: Consumer = defineConsumer({
    name: "order.standin-carrier-on-order-confirmed",
    event: OrderConfirmedSchema,
    handle: ({ orderId, order }) =>
      database.transact(async (tx) => {
        const now = clock.now();
        const sellers = [...new Set((order?.lines ?? []).map(({ sellerId }) => sellerId))];
        for (const sellerId of sellers) {
          const lines = (order?.lines ?? [])
            .filter((line) => line.sellerId === sellerId)
            .map(({ productId, quantity }) => ({ productId, quantity }));
          const shipmentId = newId();
          const { rowCount } = await tx.client.query(
            `insert into standin_shipment (id, order_id, seller_id, lines, state, due_at, version, traceparent)
             values ($1, $2, $3, $4, 'CREATED', $5, 1, $6) on conflict do nothing`,
            [shipmentId, orderId, sellerId, JSON.stringify(lines), later(now), currentTraceparent() ?? null],
          );
          if (rowCount === 0) continue;
          await outbox.in(tx).add(
            newEvent(ShipmentCreatedSchema, {
              shipmentId,
              aggregateVersion: 1n,
              occurredAt: timestampFromDate(now),
              orderId,
              sellerId,
              carrier: CARRIER,
              trackingNumber: trackingOf(shipmentId),
              lines,
            }),
          );
        }
        tx.afterCommit(() => poller.wakeIn(delayMs));
      }),
  });

  const onOrderCancelled: Consumer = defineConsumer({
    name: "order.standin-carrier-on-order-cancelled",
    event: OrderCancelledSchema,
    handle: ({ orderId }) =>
      database.transact((tx) =>
        tx.client.query("update standin_shipment set state = 'CANCELLED' where order_id = $1 and state = 'CREATED'", [
          orderId,
        ]),
      ),
  });

  const worker: ContinuousWorker = poller.worker;
  return { consumers: [onOrderConfirmed, onOrderCancelled], worker };
};
