import { setTimeout as sleep } from "node:timers/promises";
import { styleText } from "node:util";
import { enumName } from "@tandem/contracts";
import type { TimelineEntry } from "@tandem/contracts/order";
import { OrderStatus, TimelineOutcome } from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import { amountOf } from "../amount-of.ts";
import { CURRENCY, demoCustomer } from "../world.ts";
import { findProducts } from "./find-products.ts";
import type { DoorClients } from "./open-door.ts";
import { patiently } from "./patiently.ts";
import { showAfterwards } from "./show-afterwards.ts";

export interface DemoOptions {
  /** Logged in as the customer. */
  readonly customer: DoorClients;
  readonly write: (line: string) => void;
  /** Give up after, on the order and on each thing that is waited for. Default 60 000. */
  readonly timeoutMs?: number;
  /** Default a card that is good. */
  readonly cardToken?: string;
}

export interface DemoResult {
  readonly orderId: string;
  readonly status: OrderStatus;
  readonly elapsedMs: number;
}

const address = {
  recipient: demoCustomer.name,
  line1: "Lindenstrasse 12",
  postalCode: "10969",
  city: "Berlin",
  countryCode: "DE",
};

/**
 * A customer's whole way, through the gateway: who they are, what they find, cart, checkout, and the order's timeline while it
 * happens, to its end; then the mails that they got and the parcels that were sent.
 */
export const placeDemoOrder = async ({
  customer,
  write,
  timeoutMs = 60_000,
  cardToken = "tok_visa",
}: DemoOptions): Promise<DemoResult> => {
  const profile = await readProfile(customer, timeoutMs);
  write(`${profile.displayName} <${profile.email}> is registered and logged in`);
  const cartId = newId();
  for (const { productId, sku, quantity, query, title, price } of await findProducts(customer, timeoutMs)) {
    await customer.carts.putCartItem({ cartId, productId, sku, quantity, currencyCode: CURRENCY });
    write(`  searched "${query}", found "${title}"${price}: ${quantity} into the cart`);
  }
  const startedAt = performance.now();
  const { order } = await customer.carts.checkoutCart({
    cartId,
    shippingAddress: address,
    paymentMethod: { method: { case: "card", value: { token: cardToken } } },
  });
  if (!order) throw new Error("checkout answered without an order");
  write(`Order ${order.orderId} of ${demoCustomer.name}: ${amountOf(order.totals?.total?.amountMinor ?? 0n)}`);
  write(styleText("dim", `  ${"ms".padStart(6)}  ${"service".padEnd(12)} ${"step".padEnd(26)} event id`));

  // By what they are, not by how many: an entry of another context may come in before one that was shown.
  const shown = new Set<string>();
  for (;;) {
    const timeline = await patiently(
      "the timeline",
      () => customer.orders.getOrderTimeline({ orderId: order.orderId }),
      timeoutMs,
    );
    for (const entry of timeline.entries) {
      const key = `${entry.step} ${entry.eventId}`;
      if (shown.has(key)) continue;
      shown.add(key);
      write(lineOf(entry));
    }
    const elapsedMs = performance.now() - startedAt;
    if (timeline.final) {
      write(`Order ${order.orderId} is ${enumName(OrderStatus, timeline.status)} after ${Math.round(elapsedMs)} ms`);
      await showAfterwards(customer, order.orderId, write, timeoutMs);
      return { orderId: order.orderId, status: timeline.status, elapsedMs };
    }
    if (elapsedMs > timeoutMs) {
      throw new Error(
        `order ${order.orderId} is ${enumName(OrderStatus, timeline.status)} (${timeline.sagaState}) after ${timeoutMs} ms`,
      );
    }
    await sleep(25);
  }
};

/** The profile is made of the registration's event: a moment later than the login works. */
const readProfile = ({ customers }: DoorClients, patienceMs: number) =>
  patiently("the profile of a new customer", async () => (await customers.getMyProfile({})).customer, patienceMs);

const marks: Readonly<Record<number, string>> = {
  [TimelineOutcome.UNSPECIFIED]: " ",
  [TimelineOutcome.DONE]: styleText("green", "✓"),
  [TimelineOutcome.FAILED]: styleText("red", "✗"),
  [TimelineOutcome.COMPENSATED]: styleText("yellow", "↩"),
};

const lineOf = (entry: TimelineEntry): string =>
  `${marks[entry.outcome] ?? " "} ${String(entry.elapsedMs).padStart(6)}  ${entry.service.padEnd(12)} ${entry.step.padEnd(26)} ${styleText("dim", entry.eventId)} ${entry.text}`.trimEnd();
