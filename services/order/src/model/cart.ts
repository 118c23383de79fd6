import { AppError } from "@tandem/kernel";

export interface CartItem {
  readonly productId: string;
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
  readonly updatedAt: string;
  /** Grows with every change; together with the id it makes a checkout unique. */
  readonly version: number;
}

export const MAX_CART_ITEMS = 100;

export const emptyCart = (id: string, customerId: string, currency: string, now: Date): Cart => ({
  id,
  customerId,
  currency,
  items: [],
  updatedAt: now.toISOString(),
  version: 0,
});

const assertOpen = (cart: Cart) => {
  if (cart.orderId === undefined) return;
  throw new AppError("failed_precondition", "order.cart_closed", `Cart ${cart.id} became order ${cart.orderId}.`);
};

const changed = (cart: Cart, items: readonly CartItem[], now: Date): Cart => ({
  ...cart,
  items,
  updatedAt: now.toISOString(),
  version: cart.version + 1,
});

/**
 * Sets how many pieces of a product are wanted; the same call twice changes nothing.
 * @throws AppError `order.cart_closed`, `order.cart_full`
 */
export const putItem = (cart: Cart, item: CartItem, now: Date): Cart => {
  assertOpen(cart);
  const existing = cart.items.find(({ productId }) => productId === item.productId);
  if (existing?.quantity === item.quantity) return cart;
  if (!existing && cart.items.length >= MAX_CART_ITEMS) {
    throw new AppError("failed_precondition", "order.cart_full", `A cart holds at most ${MAX_CART_ITEMS} products.`);
  }
  const items = existing ? cart.items.map((other) => (other === existing ? item : other)) : [...cart.items, item];
  return changed(cart, items, now);
};

/** @throws AppError `order.cart_closed` */
export const removeItem = (cart: Cart, productId: string, now: Date): Cart => {
  assertOpen(cart);
  const items = cart.items.filter((item) => item.productId !== productId);
  return items.length === cart.items.length ? cart : changed(cart, items, now);
};

export const closeCart = (cart: Cart, orderId: string, now: Date): Cart =>
  cart.orderId === orderId ? cart : { ...changed(cart, cart.items, now), orderId };
