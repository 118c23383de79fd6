import { newId } from "@tandem/kernel";
import type { OutgoingEvent } from "@tandem/messaging";

/** Runs `work` over and over from `workers` callers for `ms`; returns completions per second. */
export const rate = async (workers: number, ms: number, work: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: workers }, async () => {
      while (performance.now() - startedAt < ms) {
        await work();
        done += 1;
      }
    }),
  );
  return (done * 1_000) / (performance.now() - startedAt);
};

/** The payload of every comparison: an order of three lines, some 900 bytes. */
export const payloadOf = (orderId: string) => ({
  orderId,
  aggregateVersion: "1",
  occurredAt: "2026-01-01T00:00:00Z",
  order: {
    orderId,
    customerId: newId(),
    status: "ORDER_STATUS_PENDING",
    currencyCode: "EUR",
    lines: [1, 2, 3].map((n) => ({
      productId: newId(),
      sellerId: newId(),
      name: `Product number ${n}`,
      quantity: n,
      unitPrice: { currencyCode: "EUR", amountMinor: "12990" },
    })),
    shippingAddress: { recipient: "A. Person", line1: "Main Street 1", city: "Springfield", postalCode: "12345" },
  },
});

export const orderEvent = (orderId: string = newId()): OutgoingEvent => ({
  id: newId(),
  topic: "order.created",
  type: "tandem.order.v1.OrderCreated",
  subject: orderId,
  aggregateVersion: 1n,
  data: JSON.stringify(payloadOf(orderId)),
});
