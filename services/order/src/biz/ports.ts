import type { Money, UnitOfWork } from "@tandem/kernel";
import type { Cart } from "../model/cart.ts";
import type { CartPricePart, CartProduct, CartProductPart } from "../model/cart-product.ts";
import type { CheckoutEvent } from "../model/checkout-events.ts";
import type { Order, OrderLine, OrderStatus } from "../model/order.ts";
import type { OrderEvent } from "../model/order-events.ts";
import type { ReturnStatus } from "../model/order-return.ts";

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
  /** To be cancelled since before `askedBefore`, and not answered by fulfillment. */
  listCancellationsAsked(askedBefore: Date, limit: number): Promise<readonly string[]>;
  /** Finished orders of erased customers that still name them. */
  listToErase(limit: number): Promise<readonly string[]>;
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
  /** All but lines and totals. The row must have been locked in this transaction. */
  update(order: Order): Promise<void>;
  /** Lines and totals, which change only when an order shrinks. The row must have been locked in this transaction. */
  updateLines(order: Order): Promise<void>;
}

export interface ErasedCustomerRepository {
  /** Remembers that the customer's orders are to be blanked as they end. Again: nothing. */
  add(customerId: string, at: Date): Promise<void>;
}

export interface OutboxPort {
  add(...events: readonly OrderEvent[]): Promise<void>;
}

/** The inbox row of the event in hand: written by the first statement that the event leads to, and a duplicate goes no further. */
export interface InboxRow {
  readonly consumer: string;
  readonly eventId: string;
  written(fresh: boolean): void;
}

/** Which event it is, and where it came from. */
export interface EventMeta {
  readonly id: string;
  readonly source: string;
  readonly once?: InboxRow | undefined;
}

/** The checkout saga, in the caller's transaction. Call `handle` before locking the order: saga, then order, everywhere. */
export interface CheckoutPort {
  start(order: Order): Promise<void>;
  handle(orderId: string, event: CheckoutEvent, meta: EventMeta): Promise<{ readonly outcome: string }>;
}

/** The order's story, for what moves no checkout: one statement of its own, which waits for nobody. */
export interface CheckoutNotes {
  add(orderId: string, event: CheckoutEvent, meta: EventMeta): Promise<unknown>;
}

/** Who may write which version of a cart: one writer each. */
export interface CartClaimRepository {
  /** Whether the caller alone may write this version of the cart now; ends with the transaction where that ends badly, by itself after 30 s otherwise. */
  take(cartId: string, version: number): Promise<boolean>;
}

export interface Repositories {
  readonly cartClaims: CartClaimRepository;
  readonly orders: OrderRepository;
  readonly checkout: CheckoutPort;
  readonly erasedCustomers: ErasedCustomerRepository;
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
  /** As `put`, of a version that the caller has claimed. */
  putClaimed(cart: Cart, etag: string): Promise<void>;
  delete(cart: Cart, etag: string, signal?: AbortSignal): Promise<void>;
}

/** What carts show of products: a read model of catalog's and pricing's events. */
export interface CartProductReader {
  /** Those that are known, in no particular order. */
  listByIds(productIds: readonly string[]): Promise<readonly CartProduct[]>;
}

/** Each is one statement, and again it changes nothing. */
export interface CartProductRepository {
  /** Nothing, when a version as new is known. An empty name leaves the one that is there. */
  updateProduct(part: CartProductPart, signal?: AbortSignal): Promise<void>;
  /** Nothing, when a version as new is known. */
  updatePrices(part: CartPricePart, signal?: AbortSignal): Promise<void>;
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
  /** What makes this checkout one and the same: a voucher is held for it once, however often it is sent. */
  readonly checkoutKey: string;
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
  readonly orders: readonly {
    readonly status: OrderStatus;
    readonly count: number;
    readonly revenue: readonly Money[];
  }[];
  readonly revenue: readonly Money[];
  readonly itemsSold: number;
  readonly returns: readonly {
    readonly status: ReturnStatus;
    readonly count: number;
    readonly refund: readonly Money[];
  }[];
  /** Most sold first, at most 10. */
  readonly topProducts: readonly {
    readonly productId: string;
    readonly sku: string;
    readonly name: string;
    readonly itemsSold: number;
    readonly revenue: readonly Money[];
  }[];
}

/** One order in its customer's list. */
export interface OrderSummary {
  readonly orderId: string;
  readonly status: OrderStatus;
  readonly total: Money;
  readonly items: number;
  readonly title: string;
  readonly paid: boolean;
  readonly cancelRequested: boolean;
  readonly openReturns: number;
  readonly version: bigint;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface MyOrderReader {
  /** Newest first. */
  listByCustomer(customerId: string, status: OrderStatus | undefined, page: PageRequest): Promise<Page<OrderSummary>>;
}

export interface DashboardReader {
  getBySellerId(sellerId: string): Promise<SellerDashboard>;
}

/** Prices, discounts and taxes of the pricing context. */
export interface Pricing {
  /** @throws AppError as pricing answers, with its slug */
  createQuote(request: QuoteRequest, signal: AbortSignal | undefined): Promise<Quote>;
}
