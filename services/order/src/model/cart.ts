import { cartCheckedOut, cartCurrencyMismatch, cartFull } from "./errors.ts";

export interface CartItem {
  readonly productId: string;
  /** As the client showed them; the quote at checkout says what counts. */
  readonly sku: string;
  readonly sellerId: string;
  /** 1 to 1000. */
  readonly quantity: number;
}

/** What a customer means to buy. Lives in Dapr's state store; prices are asked for at checkout and never kept here. */
export interface Cart {
  readonly id: string;
  readonly customerId: string;
  readonly currency: string;
  readonly items: readonly CartItem[];
  /** The order that came out of it; from then on the cart is closed. */
  readonly orderId?: string | undefined;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly lastChange: "ITEM_PUT" | "ITEM_REMOVED" | "CHECKED_OUT";
  /** Grows with every change; together with the id it makes a checkout unique. */
  readonly version: number;
}

export const MAX_CART_ITEMS = 100;

export const emptyCart = (id: string, customerId: string, currency: string, now: Date): Cart => ({
  id,
  customerId,
  currency,
  items: [],
  createdAt: now.toISOString(),
  updatedAt: now.toISOString(),
  lastChange: "ITEM_PUT",
  version: 0,
});

const assertOpen = (cart: Cart) => {
  if (cart.orderId !== undefined) throw cartCheckedOut(cart.id, cart.orderId);
};

const changed = (cart: Cart, items: readonly CartItem[], lastChange: Cart["lastChange"], now: Date): Cart => ({
  ...cart,
  items,
  lastChange,
  updatedAt: now.toISOString(),
  version: cart.version + 1,
});

/**
 * Sets how many pieces of a product are wanted; the same call twice changes nothing.
 * @throws AppError `cart.checked_out`, `cart.full`, `cart.currency_mismatch`
 */
export const putItem = (cart: Cart, item: CartItem, currency: string, now: Date): Cart => {
  assertOpen(cart);
  if (cart.currency !== currency) throw cartCurrencyMismatch(cart.currency);
  const existing = cart.items.find(({ productId }) => productId === item.productId);
  if (existing?.quantity === item.quantity) return cart;
  if (!existing && cart.items.length >= MAX_CART_ITEMS) throw cartFull(MAX_CART_ITEMS);
  const items = existing ? cart.items.map((other) => (other === existing ? item : other)) : [...cart.items, item];
  return changed(cart, items, "ITEM_PUT", now);
};

/** @throws AppError `cart.checked_out` */
export const removeItem = (cart: Cart, productId: string, now: Date): Cart => {
  assertOpen(cart);
  const items = cart.items.filter((item) => item.productId !== productId);
  return items.length === cart.items.length ? cart : changed(cart, items, "ITEM_REMOVED", now);
};

export const closeCart = (cart: Cart, orderId: string, now: Date): Cart =>
  cart.orderId === orderId ? cart : { ...changed(cart, cart.items, "CHECKED_OUT", now), orderId };
