import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PaymentMethodSchema } from "@tandem/contracts/common";
import { OrderStatus } from "@tandem/contracts/order";
import { bearer, type Door } from "../door.ts";
import type { Random } from "../random.ts";
import type { Begun, LoadCustomer } from "./customers.ts";

export interface ShownProduct {
  readonly productId: string;
  readonly sellerId: string;
  readonly sku: string;
  readonly name: string;
  readonly priceMinor: bigint;
}

export interface LoadWorld {
  readonly door: Door;
  readonly random: Random;
  readonly customers: readonly LoadCustomer[];
  readonly staffToken: () => Promise<string>;
  readonly products: readonly ShownProduct[];
  readonly categoryIds: readonly string[];
  readonly begun: Begun;
}

/** What one customer (or a member of staff) does. @returns another operation's name when that was done in its place: nothing to check out yet, so something was put into a cart */
export type Operation = (world: LoadWorld) => Promise<OperationName | undefined>;

export const operationNames = [
  "browse",
  "product",
  "search",
  "suggest",
  "cart",
  "checkout",
  "my-orders",
  "order",
  "cancel",
  "return",
  "price",
  "restock",
] as const;
export type OperationName = (typeof operationNames)[number];

/** In a hundred. Few of those who look buy, few of those who buy change their minds. */
export const defaultMix: Readonly<Record<OperationName, number>> = {
  browse: 24,
  product: 20,
  search: 14,
  suggest: 5,
  cart: 14,
  checkout: 8,
  "my-orders": 5,
  order: 4,
  cancel: 1,
  return: 1,
  price: 3,
  restock: 1,
};

const CURRENCY = "EUR";
const address = (recipient: string) => ({
  recipient,
  line1: "Lindenstrasse 12",
  postalCode: "10969",
  city: "Berlin",
  countryCode: "DE",
});

/** Cards that are good, a few that are not, and some who pay at the door. */
const payWith = (random: Random): MessageInitShape<typeof PaymentMethodSchema> => {
  const at = random.below(100);
  if (at < 4) return { method: { case: "cod", value: {} } };
  const token = at < 7 ? "tok_declined" : at < 10 ? "tok_flaky" : "tok_visa";
  return { method: { case: "card", value: { token } } };
};

const asCustomer = async ({ token }: LoadCustomer) => bearer(await token());

const putIntoCart: Operation = async ({ door, random, customers, products, begun }) => {
  const cart = (random.below(3) === 0 ? begun.takeCart(random) : undefined) ?? begun.newCart(random.pick(customers));
  const { productId, sku } = random.pickPopular(products);
  const item = { cartId: cart.cartId, productId, sku, quantity: 1 + random.below(2), currencyCode: CURRENCY };
  await door.carts.putCartItem(item, await asCustomer(cart.customer));
  cart.items += 1;
  begun.keepCart(cart);
  return "cart";
};

export const operations: Readonly<Record<OperationName, Operation>> = {
  browse: async ({ door, random, categoryIds }) => {
    const categoryId = random.below(2) === 0 && categoryIds.length > 0 ? random.pick(categoryIds) : "";
    await door.catalog.listListings({ categoryId, currencyCode: CURRENCY, inStockOnly: true, page: { limit: 24 } });
    return undefined;
  },
  product: async ({ door, random, products }) => {
    await door.catalog.getListing({ productId: random.pickPopular(products).productId, currencyCode: CURRENCY });
    return undefined;
  },
  search: async ({ door, random, products }) => {
    const words = random.pick(products).name.split(" ");
    await door.search.search({
      q: words.slice(random.below(words.length - 1)).join(" "),
      highlight: true,
      page: { limit: 20 },
    });
    return undefined;
  },
  suggest: async ({ door, random, products }) => {
    await door.search.suggest({ q: random.pick(products).name.slice(0, 2 + random.below(6)) });
    return undefined;
  },
  cart: putIntoCart,
  checkout: async (world) => {
    const { door, random, begun } = world;
    const cart = begun.takeCart(random);
    if (cart === undefined) return putIntoCart(world);
    const { order } = await door.carts.checkoutCart(
      { cartId: cart.cartId, shippingAddress: address(cart.customer.name), paymentMethod: payWith(random) },
      await asCustomer(cart.customer),
    );
    begun.place({ orderId: order?.orderId ?? "", customer: cart.customer, placedAt: performance.now() });
    return undefined;
  },
  "my-orders": async ({ door, random, customers }) => {
    await door.orders.listMyOrders({ page: { limit: 20 } }, await asCustomer(random.pick(customers)));
    return undefined;
  },
  order: async (world) => {
    const order = world.begun.anyOrder(world.random);
    if (order === undefined) return (await operations["my-orders"](world)) ?? "my-orders";
    await world.door.orders.getOrder({ orderId: order.orderId }, await asCustomer(order.customer));
    return undefined;
  },
  cancel: async (world) => {
    const order = world.begun.takeOrder(0, 1_500);
    if (order === undefined) return (await operations["my-orders"](world)) ?? "my-orders";
    await world.door.orders.cancelOrder({ orderId: order.orderId }, await asCustomer(order.customer));
    return undefined;
  },
  return: async (world) => {
    const order = world.begun.takeOrder(4_000, Number.POSITIVE_INFINITY);
    if (order === undefined) return (await operations["my-orders"](world)) ?? "my-orders";
    const options = await asCustomer(order.customer);
    const { order: seen } = await world.door.orders.getOrder({ orderId: order.orderId }, options);
    const [line] = seen?.lines ?? [];
    const arrived = seen?.status === OrderStatus.COMPLETED || seen?.status === OrderStatus.DELIVERED;
    if (!arrived || line === undefined) return "order";
    await world.door.orders.createReturn(
      { orderId: order.orderId, lines: [{ productId: line.productId, quantity: 1 }], reason: "not what I thought" },
      options,
    );
    return undefined;
  },
  price: async ({ door, random, products, staffToken }) => {
    const { productId, priceMinor } = random.pick(products);
    const amountMinor = (priceMinor * BigInt(95 + random.below(11))) / 100n;
    await door.pricing.setPrice(
      { productId, amount: { currencyCode: CURRENCY, amountMinor } },
      bearer(await staffToken()),
    );
    return undefined;
  },
  restock: async ({ door, random, products, staffToken }) => {
    const { productId, sellerId } = random.pickPopular(products);
    await door.warehouse.adjustStock(
      { productId, sellerId, delta: 50, reason: "delivery" },
      bearer(await staffToken()),
    );
    return undefined;
  },
};
