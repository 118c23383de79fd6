import { addMoney, defineStateMachine, type Money, multiplyMoney, subtractMoney, sumMoney } from "@tandem/kernel";
import { orderAlreadyShipped, orderEmpty, orderNotEditable, orderVersionConflict } from "./errors.ts";

export type OrderStatus = "PENDING" | "CONFIRMED" | "SHIPPED" | "DELIVERED" | "COMPLETED" | "CANCELLED";

export type CancelReason =
  | "CUSTOMER_REQUEST"
  | "OUT_OF_STOCK"
  | "PAYMENT_DECLINED"
  | "RESERVATION_EXPIRED"
  | "SHIPMENT_FAILED"
  | "TIMEOUT"
  | "OPERATOR";

/** One product of one seller, as it was priced at checkout. */
export interface OrderLine {
  readonly productId: string;
  readonly sellerId: string;
  readonly name: string;
  /** 1 to 1000. */
  readonly quantity: number;
  readonly unitPrice: Money;
  /** Off the whole line, not negative, at most its subtotal. */
  readonly discount: Money;
  /** On the whole line after the discount. */
  readonly tax: Money;
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

export interface Order {
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
  readonly paid: boolean;
  readonly cancelReason?: CancelReason | undefined;
  readonly cancelNote?: string | undefined;
  /** Until when stock is asked to be held. */
  readonly reservationExpiresAt: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly version: bigint;
}

export const orderStates = defineStateMachine<OrderStatus>({
  PENDING: ["CONFIRMED", "CANCELLED"],
  CONFIRMED: ["SHIPPED", "CANCELLED"],
  SHIPPED: ["DELIVERED"],
  DELIVERED: ["COMPLETED"],
  COMPLETED: [],
  CANCELLED: [],
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
    | "reservationExpiresAt"
  > {}

/** @throws AppError `order.empty`, `money.currency_mismatch`, `money.overflow` */
export const placeOrder = (input: NewOrder, now: Date): Order => {
  if (input.lines.length === 0) throw orderEmpty();
  return {
    ...input,
    status: "PENDING",
    totals: totalsOf(input.currency, input.lines),
    paid: false,
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

export const confirmOrder = (order: Order, now: Date): Order => moveTo(order, "CONFIRMED", now);
export const shipOrder = (order: Order, now: Date): Order => moveTo(order, "SHIPPED", now);
export const deliverOrder = (order: Order, now: Date): Order => moveTo(order, "DELIVERED", now);
export const completeOrder = (order: Order, now: Date): Order => moveTo(order, "COMPLETED", now);

/** The money is there. Says nothing about where the parcel is. */
export const markPaid = (order: Order, now: Date): Order => (order.paid ? order : changed(order, { paid: true }, now));

/** A change that others must hear of although no field of the order shows it; the version grows so that they can order it. */
export const touchOrder = (order: Order, now: Date): Order => changed(order, {}, now);

/**
 * A cancelled order comes back unchanged.
 * @throws AppError `order.already_shipped`
 */
export const cancelOrder = (order: Order, reason: CancelReason, note: string, now: Date): Order => {
  if (order.status === "CANCELLED") return order;
  if (!orderStates.can(order.status, "CANCELLED")) throw orderAlreadyShipped(order.id, order.status);
  return moveTo(order, "CANCELLED", now, { cancelReason: reason, cancelNote: note });
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
