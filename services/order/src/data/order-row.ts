import { type Money, money } from "@tandem/kernel";
import type { InferInsertModel, InferSelectModel } from "drizzle-orm";
import { lineTotal, type Order, type OrderLine } from "../model/order.ts";
import type { ordersTable, StoredLine, sellerOrderTable } from "./schema.ts";

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

export const toRow = (order: Order, checkoutKey: string): InferInsertModel<typeof ordersTable> => {
  const { lines, totals, ...rest } = order;
  return {
    ...rest,
    checkoutKey,
    lines: lines.map(toStoredLine),
    subtotalMinor: totals.subtotal.minor,
    discountMinor: totals.discount.minor,
    taxMinor: totals.tax.minor,
    totalMinor: totals.total.minor,
  };
};

export const fromRow = (row: Row): Order => {
  const { checkoutKey: _, lines, subtotalMinor, discountMinor, taxMinor, totalMinor, ...rest } = row;
  const amount = (minor: bigint): Money => money(row.currency, minor);
  return {
    ...rest,
    cancelReason: row.cancelReason ?? undefined,
    cancelNote: row.cancelNote ?? undefined,
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

/** What each seller has of the order. */
export const sellerRows = (order: Order): InferInsertModel<typeof sellerOrderTable>[] => {
  const bySeller = new Map<string, { revenueMinor: bigint; items: number }>();
  for (const line of order.lines) {
    const sum = bySeller.get(line.sellerId) ?? { revenueMinor: 0n, items: 0 };
    bySeller.set(line.sellerId, {
      revenueMinor: sum.revenueMinor + lineTotal(line).minor,
      items: sum.items + line.quantity,
    });
  }
  return [...bySeller].map(([sellerId, sums]) => ({
    sellerId,
    orderId: order.id,
    status: order.status,
    currency: order.currency,
    ...sums,
  }));
};
