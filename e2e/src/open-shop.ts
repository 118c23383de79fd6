import type { MessageInitShape } from "@bufbuild/protobuf";
import { type ContextName, enumName } from "@tandem/contracts";
import type { PaymentMethodSchema } from "@tandem/contracts/common";
import { type Order, OrderStatus } from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import { pollUntil } from "@tandem/testkit";
import type { Door } from "./open-door.ts";
import type { TestPlatform } from "./start-platform.ts";

export interface Product {
  readonly productId: string;
  readonly sku: string;
  readonly stock: number;
}

export interface OrderRequest {
  readonly product: Product;
  readonly quantity?: number;
  /** A card's token, or cash on delivery. Default `tok_visa`. */
  readonly pay?: string | "cod";
  readonly idempotencyKey?: string;
}

export interface Shop {
  /**
   * @param skuPrefix the simulated crew finds one piece less of `SHORT…`, and sends one later of `BACKORDER…`
   * @param sellerId default: the shop's first
   */
  addProduct(stock: number, priceMinor?: bigint, skuPrefix?: string, sellerId?: string): Promise<Product>;
  /** Somebody else who sells here, and whose parcels go their own way. */
  addSeller(slug: string): Promise<string>;
  readonly customer: Door;
  readonly staff: Door;
  /** Places an order as the customer; with an idempotency key unless one is given, so that it may be sent again. */
  placeOrder(request: OrderRequest): Promise<Order>;
  /** Waits until the order's story has ended. */
  outcomeOf(orderId: string): Promise<OrderStatus>;
  untilStatus(orderId: string, status: OrderStatus): Promise<void>;
  runJob(context: ContextName, job: string): Promise<void>;
}

const CURRENCY = "EUR";
export const address = {
  recipient: "Ada Park",
  line1: "Lindenstrasse 12",
  postalCode: "10969",
  city: "Berlin",
  countryCode: "DE",
};
export const payWith = (pay: string): MessageInitShape<typeof PaymentMethodSchema> =>
  pay === "cod" ? { method: { case: "cod", value: {} } } : { method: { case: "card", value: { token: pay } } };

/** A seller, a tax rate, a customer. Products come as tests need them. */
export const openShop = async (platform: TestPlatform): Promise<Shop> => {
  const staff = platform.clients(platform.people.operator);
  const customer = platform.clients(
    platform.people.customer({ email: `${newId()}@tandem.test`, name: address.recipient }),
  );
  await staff.pricing.setTaxRate({ countryCode: "DE", taxCategory: "standard", basisPoints: 1900 });
  const { category } = await staff.catalog.createCategory({ slug: "all", name: "All" });
  const { seller } = await staff.catalog.createSeller({ slug: "shop", name: "Shop" });
  const sellerId = seller?.sellerId ?? "";
  let made = 0;

  const timelineOf = (orderId: string) => customer.orders.getOrderTimeline({ orderId });
  return {
    customer,
    staff,
    async addSeller(slug) {
      const added = await staff.catalog.createSeller({ slug, name: slug });
      return added.seller?.sellerId ?? "";
    },
    async addProduct(stock, priceMinor = 1_000n, skuPrefix = "SKU", ownerId = sellerId) {
      made += 1;
      const sku = `${skuPrefix}-${made}`;
      const { results } = await staff.catalog.batchCreateProducts({
        sellerId: ownerId,
        products: [{ sku, name: `Product ${made}`, categoryId: category?.categoryId ?? "" }],
      });
      const outcome = results[0]?.outcome;
      if (outcome?.case !== "product") throw new Error(`no product: ${outcome?.value?.message}`);
      const { productId } = outcome.value;
      await staff.pricing.batchSetPrices({
        prices: [{ productId, amount: { currencyCode: CURRENCY, amountMinor: priceMinor } }],
      });
      if (stock > 0) {
        await staff.warehouse.batchAdjustStock({
          adjustments: [{ productId, sellerId: ownerId, delta: stock, reason: "first delivery" }],
        });
      }
      const quote = { currencyCode: CURRENCY, countryCode: "DE", lines: [{ productId, quantity: 1 }] };
      await pollUntil(() => staff.pricing.createQuote(quote), {
        timeoutMs: 60_000,
        intervalMs: 100,
        message: "a price for the product",
      });
      return { productId, sku, stock };
    },
    async placeOrder({ product, quantity = 1, pay = "tok_visa", idempotencyKey = newId() }) {
      const { order } = await customer.orders.createOrder(
        {
          currencyCode: CURRENCY,
          lines: [{ productId: product.productId, quantity }],
          shippingAddress: address,
          paymentMethod: payWith(pay),
        },
        { headers: { "idempotency-key": idempotencyKey }, timeoutMs: 20_000 },
      );
      if (!order) throw new Error("an answer without an order");
      return order;
    },
    async outcomeOf(orderId) {
      const { status } = await pollUntil(
        async () => {
          const timeline = await timelineOf(orderId);
          return timeline.final ? timeline : undefined;
        },
        { timeoutMs: 60_000, intervalMs: 100, message: `the end of order ${orderId}` },
      );
      return status;
    },
    async untilStatus(orderId, status) {
      await pollUntil(async () => (await timelineOf(orderId)).status === status, {
        timeoutMs: 60_000,
        intervalMs: 50,
        message: `order ${orderId} being ${enumName(OrderStatus, status)}`,
      });
    },
    async runJob(context, job) {
      const jobs = staff.jobsOf(context);
      // Refused while a scheduled run goes on.
      await pollUntil(() => jobs.runNow({ job }), { timeoutMs: 20_000, intervalMs: 200, message: `a run of ${job}` });
    },
  };
};
