import { type Money, money } from "@tandem/kernel";
import { getTableColumns, type InferInsertModel, type InferSelectModel } from "drizzle-orm";
import type { Order, OrderLine } from "../model/order.ts";
import type { OrderReturn } from "../model/order-return.ts";
import { ordersTable, type StoredLine, type StoredReturn } from "./schema.ts";

type Row = InferSelectModel<typeof ordersTable>;

const toStoredLine = ({ unitPrice, discount, tax, ...line }: OrderLine): StoredLine => ({
  ...line,
  unitPrice: unitPrice.minor.toString(),
  discount: discount.minor.toString(),
  tax: tax.minor.toString(),
});

const fromStoredLine = ({ unitPrice, discount, tax, ...line }: StoredLine, currency: string): OrderLine => {
  const amount = (digits: string): Money => money(currency, BigInt(digits));
  return { ...line, unitPrice: amount(unitPrice), discount: amount(discount), tax: amount(tax) };
};

const toStoredReturn = ({ refund, requestedAt, receivedAt, refundedAt, ...rest }: OrderReturn): StoredReturn => ({
  ...rest,
  refund: refund.minor.toString(),
  requestedAt: requestedAt.toISOString(),
  receivedAt: receivedAt?.toISOString(),
  refundedAt: refundedAt?.toISOString(),
});

const fromStoredReturn = (stored: StoredReturn, currency: string): OrderReturn => ({
  ...stored,
  refund: money(currency, BigInt(stored.refund)),
  requestedAt: new Date(stored.requestedAt),
  receivedAt: stored.receivedAt ? new Date(stored.receivedAt) : undefined,
  refundedAt: stored.refundedAt ? new Date(stored.refundedAt) : undefined,
});

/** Lines, totals and returns: what of an order is not a column as it is. */
export const contentOf = ({ lines, totals, returns }: Order) => ({
  lines: lines.map(toStoredLine),
  returns: returns.map(toStoredReturn),
  subtotalMinor: totals.subtotal.minor,
  discountMinor: totals.discount.minor,
  taxMinor: totals.tax.minor,
  totalMinor: totals.total.minor,
});

export const toRow = (order: Order, checkoutKey: string): InferInsertModel<typeof ordersTable> => {
  const { lines: _, totals: __, returns: ___, ...rest } = order;
  return { ...rest, checkoutKey, ...contentOf(order) };
};

export const fromRow = (row: Row): Order => {
  const { checkoutKey: _, lines, subtotalMinor, discountMinor, taxMinor, totalMinor, ...rest } = row;
  const amount = (minor: bigint): Money => money(row.currency, minor);
  return {
    ...rest,
    cancelReason: row.cancelReason ?? undefined,
    cancelNote: row.cancelNote ?? undefined,
    cancelRequestedAt: row.cancelRequestedAt ?? undefined,
    returns: row.returns.map((stored) => fromStoredReturn(stored, row.currency)),
    reservedAt: row.reservedAt ?? undefined,
    confirmedAt: row.confirmedAt ?? undefined,
    paidAt: row.paidAt ?? undefined,
    shippedAt: row.shippedAt ?? undefined,
    deliveredAt: row.deliveredAt ?? undefined,
    completedAt: row.completedAt ?? undefined,
    cancelledAt: row.cancelledAt ?? undefined,
    lines: lines.map((line) => fromStoredLine(line, row.currency)),
    totals: {
      subtotal: amount(subtotalMinor),
      discount: amount(discountMinor),
      tax: amount(taxMinor),
      total: amount(totalMinor),
    },
  };
};

const columns = Object.entries(getTableColumns(ordersTable));

/** Every column of `orders o`, by names that go with those of other tables: for SQL that is written once and prepared. */
export const orderColumns = columns.map(([key, { name }]) => `o."${name}" as "order.${key}"`).join(", ");

/** The order in a row of `orderColumns`; undefined where a join has found none. */
export const fromColumns = (row: Readonly<Record<string, unknown>>): Order | undefined => {
  if ((row["order.id"] ?? null) === null) return undefined;
  const values = columns.map(([key, column]) => {
    const value = row[`order.${key}`];
    return [key, value === null ? null : column.mapFromDriverValue(value)];
  });
  return fromRow(Object.fromEntries(values) as Row);
};

export const insertedColumns = columns.map(([, { name }]) => `"${name}"`).join(", ");
export const insertedCount = columns.length;

/** In the order of `insertedColumns`. */
export const insertedValues = (order: Order, checkoutKey: string): unknown[] => {
  const row = toRow(order, checkoutKey) as Readonly<Record<string, unknown>>;
  return columns.map(([key, column]) => {
    const value = row[key] ?? null;
    return value === null ? null : column.mapToDriverValue(value);
  });
};
