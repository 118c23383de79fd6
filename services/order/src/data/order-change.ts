import type { Order } from "../model/order.ts";
import { contentOf } from "./order-row.ts";
import { myOrderRow, sellerReturnRows } from "./read-model-rows.ts";

/** One line of an order's story, as stored. */
export interface StoryRow {
  readonly event_id: string;
  readonly order_id: string;
  readonly topic: string;
  readonly note: string;
  readonly at: string;
}

/** The values of `CHANGE`: all of an order but its lines, its customer's list, its sellers' and its story. */
export const changeOf = (order: Order, story: readonly StoryRow[]): unknown[] => {
  const mine = myOrderRow(order);
  const returned = sellerReturnRows(order).map(({ returnId, sellerId, status, refundMinor }) => ({
    id: returnId,
    seller_id: sellerId,
    status,
    refund_minor: refundMinor.toString(),
  }));
  return [
    order.id,
    order.status,
    JSON.stringify(order.paymentMethod),
    JSON.stringify(order.shippingAddress),
    order.notes,
    order.paymentId,
    order.cancelReason ?? null,
    order.cancelNote ?? null,
    order.cancelRequestedAt ?? null,
    JSON.stringify(contentOf(order).returns),
    order.reservedAt ?? null,
    order.confirmedAt ?? null,
    order.paidAt ?? null,
    order.shippedAt ?? null,
    order.deliveredAt ?? null,
    order.completedAt ?? null,
    order.cancelledAt ?? null,
    order.updatedAt,
    order.version.toString(),
    mine.totalMinor.toString(),
    mine.items,
    mine.title,
    mine.paid,
    mine.cancelRequested,
    mine.openReturns,
    order.currency,
    JSON.stringify(returned),
    JSON.stringify(story),
  ];
};

/** What a new order's lists begin with, as JSON for `jsonb_to_recordset`; its row is `insertedValues`. */
export const asRecords = (rows: readonly Readonly<Record<string, unknown>>[]): string =>
  JSON.stringify(rows, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
