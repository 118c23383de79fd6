import { bigint, boolean, char, integer, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import type { Address, CancelReason, OrderStatus, PaymentMethod } from "../model/order.ts";
import type { OrderReturnLine, ReturnStatus } from "../model/order-return.ts";

/** A line as it is stored: amounts in the order's currency, as digits, because JSON has no int64. */
export interface StoredLine {
  readonly lineId: string;
  readonly productId: string;
  readonly sellerId: string;
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  readonly shortQuantity?: number | undefined;
  readonly unitPrice: string;
  readonly discount: string;
  readonly tax: string;
  readonly taxRateBasisPoints: number;
}

/** A return as it is stored: the refund in the order's currency, times as ISO text. */
export interface StoredReturn {
  readonly id: string;
  readonly sellerId: string;
  readonly status: ReturnStatus;
  readonly lines: readonly OrderReturnLine[];
  readonly refund: string;
  readonly reason: string;
  readonly requestedAt: string;
  readonly receivedAt?: string | undefined;
  readonly refundedAt?: string | undefined;
}

const at = (name: string) => timestamp(name, { withTimezone: true });
const minor = (name: string) => bigint(name, { mode: "bigint" }).notNull();

export const ordersTable = pgTable("orders", {
  id: uuid("id").primaryKey(),
  customerId: uuid("customer_id").notNull(),
  checkoutKey: text("checkout_key").notNull(),
  status: text("status").$type<OrderStatus>().notNull(),
  currency: char("currency", { length: 3 }).notNull(),
  lines: jsonb("lines").$type<readonly StoredLine[]>().notNull(),
  subtotalMinor: minor("subtotal_minor"),
  discountMinor: minor("discount_minor"),
  taxMinor: minor("tax_minor"),
  totalMinor: minor("total_minor"),
  paymentMethod: jsonb("payment_method").$type<PaymentMethod>().notNull(),
  shippingAddress: jsonb("shipping_address").$type<Address>().notNull(),
  notes: text("notes").notNull(),
  voucherCode: text("voucher_code").notNull(),
  cartId: text("cart_id").notNull(),
  quoteId: text("quote_id").notNull(),
  paymentId: text("payment_id").notNull(),
  cancelReason: text("cancel_reason").$type<CancelReason>(),
  cancelNote: text("cancel_note"),
  cancelRequestedAt: at("cancel_requested_at"),
  returns: jsonb("returns").$type<readonly StoredReturn[]>().notNull(),
  reservationExpiresAt: at("reservation_expires_at").notNull(),
  reservedAt: at("reserved_at"),
  confirmedAt: at("confirmed_at"),
  paidAt: at("paid_at"),
  shippedAt: at("shipped_at"),
  deliveredAt: at("delivered_at"),
  completedAt: at("completed_at"),
  cancelledAt: at("cancelled_at"),
  createdAt: timestamp("created_at", { withTimezone: true, precision: 3 }).notNull(),
  updatedAt: at("updated_at").notNull(),
  version: minor("version"),
});

export const sellerOrderTable = pgTable("seller_order", {
  sellerId: uuid("seller_id").notNull(),
  orderId: uuid("order_id").notNull(),
  status: text("status").$type<OrderStatus>().notNull(),
  currency: char("currency", { length: 3 }).notNull(),
  revenueMinor: minor("revenue_minor"),
  items: integer("items").notNull(),
});

export const erasedCustomerTable = pgTable("erased_customer", {
  customerId: uuid("customer_id").primaryKey(),
  at: at("at").notNull(),
});

export const myOrderTable = pgTable("my_order", {
  id: uuid("order_id").primaryKey(),
  customerId: uuid("customer_id").notNull(),
  status: text("status").$type<OrderStatus>().notNull(),
  currency: char("currency", { length: 3 }).notNull(),
  totalMinor: minor("total_minor"),
  items: integer("items").notNull(),
  title: text("title").notNull(),
  paid: boolean("paid").notNull(),
  cancelRequested: boolean("cancel_requested").notNull(),
  openReturns: integer("open_returns").notNull(),
  version: minor("version"),
  createdAt: timestamp("created_at", { withTimezone: true, precision: 3 }).notNull(),
  updatedAt: at("updated_at").notNull(),
});

export const sellerLineTable = pgTable("seller_line", {
  orderId: uuid("order_id").notNull(),
  sellerId: uuid("seller_id").notNull(),
  productId: uuid("product_id").notNull(),
  sku: text("sku").notNull(),
  name: text("name").notNull(),
  quantity: integer("quantity").notNull(),
  currency: char("currency", { length: 3 }).notNull(),
  revenueMinor: minor("revenue_minor"),
});

export const sellerReturnTable = pgTable("seller_return", {
  returnId: uuid("return_id").primaryKey(),
  orderId: uuid("order_id").notNull(),
  sellerId: uuid("seller_id").notNull(),
  status: text("status").$type<ReturnStatus>().notNull(),
  currency: char("currency", { length: 3 }).notNull(),
  refundMinor: minor("refund_minor"),
});
