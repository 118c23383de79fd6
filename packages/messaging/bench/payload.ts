import { newId } from "@tandem/kernel";
import type { OutgoingEvent } from "../src/events.ts";

/** An order snapshot of some 900 bytes, as `order.created` carries it. */
const snapshotOf = (orderId: string): string =>
  JSON.stringify({
    orderId,
    aggregateVersion: "1",
    occurredAt: "2026-01-01T00:00:00Z",
    order: {
      id: orderId,
      customerId: newId(),
      status: "PENDING",
      total: { currencyCode: "EUR", amountMinor: "129900" },
      lines: [1, 2, 3].map((n) => ({
        productId: newId(),
        sellerId: newId(),
        title: `Product number ${n}`,
        quantity: n,
        unitPrice: { currencyCode: "EUR", amountMinor: "12990" },
      })),
      shippingAddress: { name: "A. Person", street: "Main Street 1", city: "Springfield", postalCode: "12345" },
    },
  });

export const orderEvent = (orderId: string = newId(), version = 1n): OutgoingEvent => ({
  id: newId(),
  topic: "order.created",
  type: "tandem.order.v1.OrderCreated",
  subject: orderId,
  aggregateVersion: version,
  data: snapshotOf(orderId),
});
