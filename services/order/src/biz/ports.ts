import type { UnitOfWork } from "@tandem/kernel";
import type { Cart, CartItem } from "../model/cart.ts";
import type { CheckoutEvent } from "../model/checkout-events.ts";
import type { Order, OrderLine, OrderStatus } from "../model/order.ts";
import type { OrderEvent } from "../model/order-events.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** Undefined on the last page. */
  readonly nextCursor: string | undefined;
  /** Only on pages asked for by offset. */
  readonly total?: number | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly offset?: number | undefined;
}

export interface OrderCriteria {
  readonly customerId?: string | undefined;
  readonly sellerId?: string | undefined;
  readonly status?: OrderStatus | undefined;
}

/** Reads outside a transaction. */
export interface OrderReader {
  /** @throws AppError `order.not_found` */
  getById(orderId: string): Promise<Order>;
  getByCheckoutKey(checkoutKey: string): Promise<Order | undefined>;
  listByIds(orderIds: readonly string[]): Promise<readonly Order[]>;
  /** Newest first. */
  listByCriteria(criteria: OrderCriteria, page: PageRequest): Promise<Page<Order>>;
  /** PENDING cash-on-delivery orders whose stock has been held since before `reservedBefore`. */
  listCodToConfirm(reservedBefore: Date, limit: number): Promise<readonly string[]>;
  /** Shipped before `shippedBefore` and not paid. */
  listUnpaidShipped(shippedBefore: Date, limit: number): Promise<readonly string[]>;
  /** PENDING although their reservation ended before `expiredBefore`. */
  listPendingExpired(expiredBefore: Date, limit: number): Promise<readonly string[]>;
}

export interface OrderRepository {
  /** @throws AppError `order.not_found` */
  getById(orderId: string): Promise<Order>;
  /** @throws AppError `order.not_found` */
  lockById(orderId: string): Promise<Order>;
  /** False when an order with this checkout key exists already: the same checkout came twice. */
  createIfAbsent(order: Order, checkoutKey: string): Promise<boolean>;
  getByCheckoutKey(checkoutKey: string): Promise<Order | undefined>;
  /** The row must have been locked in this transaction. */
  update(order: Order): Promise<void>;
}

export interface OutboxPort {
  add(...events: readonly OrderEvent[]): Promise<void>;
}

/** The checkout saga, in the caller's transaction. Call `handle` before locking the order: saga, then order, everywhere. */
export interface CheckoutPort {
  start(order: Order): Promise<void>;
  handle(
    orderId: string,
    event: CheckoutEvent,
    meta: { readonly id: string; readonly source: string },
  ): Promise<{ readonly outcome: "applied" | "kept" | "ignored" | "duplicate" | "unknown" }>;
}

export interface Repositories {
  readonly orders: OrderRepository;
  readonly checkout: CheckoutPort;
  readonly outbox: OutboxPort;
}

export type OrderUnitOfWork = UnitOfWork<Repositories>;

export interface StoredCart {
  readonly cart: Cart;
  /** Names this version of the cart in the store. */
  readonly etag: string;
}

/** Carts in Dapr's state store; every write also publishes `cart.updated` through Dapr's own outbox. */
export interface CartStore {
  getById(cartId: string, signal?: AbortSignal): Promise<StoredCart | undefined>;
  /** @param etag of the version that was read; undefined creates. @throws AppError `order.cart_changed` */
  put(cart: Cart, etag: string | undefined, signal?: AbortSignal): Promise<void>;
  delete(cartId: string, etag: string, signal?: AbortSignal): Promise<void>;
}

export interface Quote {
  readonly id: string;
  readonly currency: string;
  readonly lines: readonly OrderLine[];
  readonly expiresAt: Date;
}

export interface QuoteRequest {
  readonly customerId: string;
  readonly currency: string;
  readonly items: readonly CartItem[];
  readonly voucherCode: string;
  readonly countryCode: string;
}

/** Prices, discounts and taxes of the pricing context. */
export interface Pricing {
  /** @throws AppError as pricing answers, with its slug */
  createQuote(request: QuoteRequest, signal: AbortSignal | undefined): Promise<Quote>;
}
