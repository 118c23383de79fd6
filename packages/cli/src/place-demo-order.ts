import { setTimeout as sleep } from "node:timers/promises";
import { styleText } from "node:util";
import { enumName } from "@tandem/contracts";
import type { TimelineEntry } from "@tandem/contracts/order";
import { OrderStatus, TimelineOutcome } from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import type { PlatformClients } from "./platform-clients.ts";
import { CURRENCY, demoBasket, demoCustomer } from "./world.ts";

export interface DemoOptions {
  readonly customer: PlatformClients;
  readonly write: (line: string) => void;
  /** Give up after. Default 60 000. */
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

/** Puts two sellers' products into a cart, checks out, and prints the order's timeline while it happens, to its end. */
export const placeDemoOrder = async ({
  customer,
  write,
  timeoutMs = 60_000,
  cardToken = "tok_visa",
}: DemoOptions): Promise<DemoResult> => {
  const cartId = newId();
  const productIds = await findProducts(customer);
  for (const { sku, quantity } of demoBasket) {
    await customer.carts.putCartItem({
      cartId,
      productId: productIds.get(sku) ?? "",
      sku,
      quantity,
      currencyCode: CURRENCY,
    });
  }
  const startedAt = performance.now();
  const { order } = await customer.carts.checkoutCart({
    cartId,
    shippingAddress: address,
    paymentMethod: { method: { case: "card", value: { token: cardToken } } },
  });
  if (!order) throw new Error("checkout answered without an order");
  write(`Order ${order.orderId} of ${demoCustomer.name}: ${amountOf(order.totals?.total?.amountMinor ?? 0n)}`);
  write(styleText("dim", `  ${"ms".padStart(6)}  ${"service".padEnd(10)} ${"step".padEnd(26)} event id`));

  // By what they are, not by how many: an entry of another context may come in before one that was shown.
  const shown = new Set<string>();
  for (;;) {
    const timeline = await customer.orders.getOrderTimeline({ orderId: order.orderId });
    for (const entry of timeline.entries) {
      const key = `${entry.step} ${entry.eventId}`;
      if (shown.has(key)) continue;
      shown.add(key);
      write(lineOf(entry));
    }
    const elapsedMs = performance.now() - startedAt;
    if (timeline.final) {
      write(`Order ${order.orderId} is ${enumName(OrderStatus, timeline.status)} after ${Math.round(elapsedMs)} ms`);
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

const findProducts = async ({ catalog }: PlatformClients): Promise<ReadonlyMap<string, string>> => {
  const found = new Map<string, string>();
  for (const { sku } of demoBasket) {
    const { products } = await catalog.listProducts({ sku });
    const [product] = products;
    if (!product) throw new Error(`there is no product ${sku}: was the shop seeded? (npm start seeds it)`);
    found.set(sku, product.productId);
  }
  return found;
};

const marks: Readonly<Record<number, string>> = {
  [TimelineOutcome.UNSPECIFIED]: " ",
  [TimelineOutcome.DONE]: styleText("green", "✓"),
  [TimelineOutcome.FAILED]: styleText("red", "✗"),
  [TimelineOutcome.COMPENSATED]: styleText("yellow", "↩"),
};

const lineOf = (entry: TimelineEntry): string =>
  `${marks[entry.outcome] ?? " "} ${String(entry.elapsedMs).padStart(6)}  ${entry.service.padEnd(10)} ${entry.step.padEnd(26)} ${styleText("dim", entry.eventId)} ${entry.text}`.trimEnd();

const amountOf = (minor: bigint): string => `${minor / 100n}.${String(minor % 100n).padStart(2, "0")} ${CURRENCY}`;
