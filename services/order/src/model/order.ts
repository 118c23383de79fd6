import { addMoney, defineStateMachine, type Money, multiplyMoney, subtractMoney, sumMoney } from "@tandem/kernel";
import { orderAlreadyShipped, orderEmpty, orderNotEditable, orderVersionConflict } from "./errors.ts";
import type { OrderReturn } from "./order-return.ts";

export type OrderStatus = "PENDING" | "CONFIRMED" | "SHIPPED" | "DELIVERED" | "COMPLETED" | "CANCELLED" | "RETURNED";

export type CancelReason =
  | "CUSTOMER_REQUEST"
  | "STAFF_REQUEST"
  | "OUT_OF_STOCK"
  | "PAYMENT_FAILED"
  | "TIMEOUT"
  | "DELIVERY_FAILED"
  | "RESERVATION_EXPIRED";

/** When something happened to an order; absent: not yet. */
export interface Milestones {
  readonly reservedAt?: Date | undefined;
  readonly confirmedAt?: Date | undefined;
  readonly paidAt?: Date | undefined;
  readonly shippedAt?: Date | undefined;
  readonly deliveredAt?: Date | undefined;
  readonly completedAt?: Date | undefined;
  readonly cancelledAt?: Date | undefined;
}

/** One product of one seller, as it was priced at checkout. */
export interface OrderLine {
  readonly lineId: string;
  readonly productId: string;
  readonly sellerId: string;
  readonly sku: string;
  readonly name: string;
  /** 0 to 1000: without those that will not be sent. */
  readonly quantity: number;
  /** Ordered and never sent. Absent: none. */
  readonly shortQuantity?: number | undefined;
  readonly unitPrice: Money;
  /** Off the whole line, not negative, at most its subtotal. */
  readonly discount: Money;
  /** On the whole line after the discount. */
  readonly tax: Money;
  /** Hundredths of a percent. */
  readonly taxRateBasisPoints: number;
}

export interface OrderTotals {
  readonly subtotal: Money;
  readonly discount: Money;
  readonly tax: Money;
  readonly total: Money;
}

export interface Address {
  readonly recipient: string;
  readonly line1: string;
  readonly line2: string;
  readonly postalCode: string;
  readonly city: string;
  readonly region: string;
  readonly countryCode: string;
  readonly phone: string;
}

export type PaymentMethod = { readonly kind: "CARD"; readonly token: string } | { readonly kind: "COD" };

export interface Order extends Milestones {
  readonly id: string;
  readonly customerId: string;
  readonly status: OrderStatus;
  readonly currency: string;
  readonly lines: readonly OrderLine[];
  readonly totals: OrderTotals;
  readonly paymentMethod: PaymentMethod;
  readonly shippingAddress: Address;
  readonly notes: string;
  readonly voucherCode: string;
  /** The cart it was made of; empty for orders placed directly. */
  readonly cartId: string;
  readonly quoteId: string;
  /** Empty until the payment is authorized. */
  readonly paymentId: string;
  readonly cancelReason?: CancelReason | undefined;
  readonly cancelNote?: string | undefined;
  /** Somebody wants it back and fulfillment has not answered. */
  readonly cancelRequestedAt?: Date | undefined;
  /** Oldest first. */
  readonly returns: readonly OrderReturn[];
  /** Until when stock is asked to be held. */
  readonly reservationExpiresAt: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly version: bigint;
}

export const orderStates = defineStateMachine<OrderStatus>({
  PENDING: ["CONFIRMED", "CANCELLED"],
  CONFIRMED: ["SHIPPED", "CANCELLED"],
  // Nothing of it arrived: lost or refused on the way.
  SHIPPED: ["DELIVERED", "CANCELLED"],
  DELIVERED: ["COMPLETED"],
  COMPLETED: ["RETURNED"],
  CANCELLED: [],
  RETURNED: [],
});

export const lineSubtotal = (line: OrderLine): Money => multiplyMoney(line.unitPrice, line.quantity);

/** What the customer pays for the line. */
export const lineTotal = (line: OrderLine): Money =>
  addMoney(subtractMoney(lineSubtotal(line), line.discount), line.tax);

/** The total comes from the lines and from nowhere else. */
export const totalsOf = (currency: string, lines: readonly OrderLine[]): OrderTotals => ({
  subtotal: sumMoney(currency, lines.map(lineSubtotal)),
  discount: sumMoney(
    currency,
    lines.map((line) => line.discount),
  ),
  tax: sumMoney(
    currency,
    lines.map((line) => line.tax),
  ),
  total: sumMoney(currency, lines.map(lineTotal)),
});

export interface NewOrder
  extends Pick<
    Order,
    | "id"
    | "customerId"
    | "currency"
    | "lines"
    | "paymentMethod"
    | "shippingAddress"
    | "notes"
    | "voucherCode"
    | "cartId"
    | "quoteId"
    | "reservationExpiresAt"
  > {}

/** @throws AppError `order.empty`, `money.currency_mismatch`, `money.overflow` */
export const placeOrder = (input: NewOrder, now: Date): Order => {
  if (input.lines.length === 0) throw orderEmpty();
  return {
    ...input,
    status: "PENDING",
    totals: totalsOf(input.currency, input.lines),
    paymentId: "",
    returns: [],
    createdAt: now,
    updatedAt: now,
    version: 1n,
  };
};

const changed = (order: Order, change: Partial<Order>, now: Date): Order => ({
  ...order,
  ...change,
  updatedAt: now,
  version: order.version + 1n,
});

const moveTo = (order: Order, status: OrderStatus, now: Date, change: Partial<Order> = {}): Order => {
  orderStates.assert(order.status, status);
  return changed(order, { ...change, status }, now);
};

/** The provider's token has done its work: whoever reads the row later cannot use it. */
const withoutToken = ({ paymentMethod }: Order): PaymentMethod =>
  paymentMethod.kind === "CARD" ? { kind: "CARD", token: "" } : paymentMethod;

/** Somebody wants a confirmed order back. Asked before and not answered: said again. */
export const askCancellation = (order: Order, now: Date): Order => changed(order, { cancelRequestedAt: now }, now);
/** It goes on. */
export const refuseCancellation = (order: Order, now: Date): Order =>
  order.cancelRequestedAt ? changed(order, { cancelRequestedAt: undefined }, now) : order;

export const confirmOrder = (order: Order, paymentId: string, now: Date): Order =>
  moveTo(order, "CONFIRMED", now, { confirmedAt: now, paymentId, paymentMethod: withoutToken(order) });
export const shipOrder = (order: Order, now: Date): Order => moveTo(order, "SHIPPED", now, { shippedAt: now });
export const deliverOrder = (order: Order, now: Date): Order => moveTo(order, "DELIVERED", now, { deliveredAt: now });
export const completeOrder = (order: Order, now: Date): Order => moveTo(order, "COMPLETED", now, { completedAt: now });

/** All lines are promised; payment may begin. */
export const markReserved = (order: Order, now: Date): Order => changed(order, { reservedAt: now }, now);

/** The money is there. Says nothing about where the parcel is. */
export const markPaid = (order: Order, now: Date): Order =>
  order.paidAt === undefined ? changed(order, { paidAt: now }, now) : order;

/** Said again although nothing changed; the version grows so that consumers can order it. */
export const touchOrder = (order: Order, now: Date): Order => changed(order, {}, now);

export const sellersOf = (order: Pick<Order, "lines">): readonly string[] => [
  ...new Set(order.lines.map((line) => line.sellerId)),
];

/**
 * A cancelled order comes back unchanged.
 * @throws AppError `order.already_shipped`
 */
export const cancelOrder = (order: Order, reason: CancelReason, note: string, now: Date): Order => {
  if (order.status === "CANCELLED") return order;
  if (!orderStates.can(order.status, "CANCELLED")) throw orderAlreadyShipped(order.id, order.status);
  return moveTo(order, "CANCELLED", now, {
    cancelReason: reason,
    cancelNote: note,
    cancelledAt: now,
    cancelRequestedAt: undefined,
    paymentMethod: withoutToken(order),
  });
};

const ENDED: ReadonlySet<OrderStatus> = new Set(["COMPLETED", "CANCELLED", "RETURNED"]);
export const isFinished = ({ status, returns }: Order): boolean =>
  ENDED.has(status) && returns.every((one) => one.status === "REFUNDED");

const BLANK: Address = {
  recipient: "erased",
  line1: "erased",
  line2: "",
  postalCode: "0",
  city: "erased",
  region: "",
  countryCode: "ZZ",
  phone: "",
};

/** Blanks what names the person. The country stays: taxes were paid by it. A running order, or one erased before: unchanged. */
export const eraseOrder = (order: Order, now: Date): Order => {
  if (!isFinished(order) || order.shippingAddress.recipient === BLANK.recipient) return order;
  const { countryCode } = order.shippingAddress;
  return changed(order, { shippingAddress: { ...BLANK, countryCode }, notes: "", cancelNote: undefined }, now);
};

export interface OrderEdit {
  readonly shippingAddress?: Address | undefined;
  readonly notes?: string | undefined;
}

/**
 * Changes what a customer may change before the order is confirmed.
 * @param expectedVersion the version that the caller has read; undefined takes any
 * @throws AppError `order.not_editable`, `order.version_conflict`
 */
export const editOrder = (order: Order, edit: OrderEdit, expectedVersion: bigint | undefined, now: Date): Order => {
  if (expectedVersion !== undefined && expectedVersion !== order.version) {
    throw orderVersionConflict(order.id, order.version);
  }
  if (order.status !== "PENDING") throw orderNotEditable(order.id, order.status);
  return changed(
    order,
    {
      ...(edit.shippingAddress ? { shippingAddress: edit.shippingAddress } : {}),
      ...(edit.notes === undefined ? {} : { notes: edit.notes }),
    },
    now,
  );
};
