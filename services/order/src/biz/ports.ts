import type { Money, UnitOfWork } from "@tandem/kernel";
import type { Cart } from "../model/cart.ts";
import type { CheckoutEvent } from "../model/checkout-events.ts";
import type { Order, OrderLine, OrderStatus } from "../model/order.ts";
import type { OrderEvent } from "../model/order-events.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly nextCursor?: string | undefined;
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
  ): Promise<{ readonly outcome: string }>;
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

export interface WantedItem {
  readonly productId: string;
  readonly quantity: number;
}

export interface QuoteRequest {
  readonly customerId: string;
  readonly currency: string;
  readonly items: readonly WantedItem[];
  readonly voucherCode: string;
  readonly countryCode: string;
}

/** One thing that happened to an order. */
export interface TimelineRecord {
  /** `stock.reserved`: a topic, or what the saga did by itself. */
  readonly step: string;
  readonly service: string;
  readonly eventId: string;
  readonly text: string;
  readonly outcome: "DONE" | "FAILED" | "COMPENSATED";
  readonly at: Date;
}

export interface OrderTimeline {
  readonly sagaState: string;
  /** Nothing more happens by itself: completed, cancelled with everything taken back, or parked for a person. */
  readonly final: boolean;
  /** Oldest first. */
  readonly records: readonly TimelineRecord[];
}

export interface TimelineReader {
  getByOrderId(orderId: string): Promise<OrderTimeline>;
}

export interface SellerDashboard {
  readonly sellerId: string;
  readonly orders: readonly { readonly status: OrderStatus; readonly count: number }[];
  readonly revenue: readonly Money[];
  readonly itemsSold: number;
}

export interface DashboardReader {
  getBySellerId(sellerId: string): Promise<SellerDashboard>;
}

/** Prices, discounts and taxes of the pricing context. */
export interface Pricing {
  /** @throws AppError as pricing answers, with its slug */
  createQuote(request: QuoteRequest, signal: AbortSignal | undefined): Promise<Quote>;
}
