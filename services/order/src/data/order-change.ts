import type { CarriedEvent } from "@tandem/messaging";
import type { Order } from "../model/order.ts";
import { contentOf } from "./order-row.ts";
import { myOrderRow, sellerReturnRows } from "./read-model-rows.ts";

/** An event on its way out, and what of it stands in the order's story. */
export interface StoryRow {
  readonly event: CarriedEvent;
  readonly order_id: string;
  readonly note: string;
  readonly at: string;
}

/** In the order in which they were told. */
export const storyJson = (story: readonly StoryRow[]): string =>
  JSON.stringify(story.map(({ event, ...line }, n) => ({ ...event, ...line, n })));

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
    storyJson(story),
  ];
};

/** What a new order's lists begin with, as JSON for `jsonb_to_recordset`; its row is `insertedValues`. */
export const asRecords = (rows: readonly Readonly<Record<string, unknown>>[]): string =>
  JSON.stringify(rows, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
