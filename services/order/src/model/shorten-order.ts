import { allocateMoney, type Money } from "@tandem/kernel";
import { type Order, type OrderLine, totalsOf } from "./order.ts";

/** Pieces of a product that will not be sent. */
export interface Shortfall {
  readonly productId: string;
  /** 1 or more; what the line does not have is not taken. */
  readonly quantity: number;
  /** They were there and were held back: they can be sold again. */
  readonly backOnShelf: boolean;
}

/** The share of an amount that `part` of `whole` pieces have; the rest has the other share, and no cent is lost between them. */
export const shareOf = (amount: Money, part: number, whole: number): Money => {
  if (part === whole || amount.minor === 0n) return amount;
  return allocateMoney(amount, [part, whole - part])[0] ?? amount;
};

/** A line with fewer pieces: its discount and tax shrink with them. */
const shortenLine = (line: OrderLine, missing: number): OrderLine => {
  const quantity = line.quantity - missing;
  return {
    ...line,
    quantity,
    shortQuantity: (line.shortQuantity ?? 0) + missing,
    discount: quantity === 0 ? { ...line.discount, minor: 0n } : shareOf(line.discount, quantity, line.quantity),
    tax: quantity === 0 ? { ...line.tax, minor: 0n } : shareOf(line.tax, quantity, line.quantity),
  };
};

/**
 * Takes pieces out of an order that will not be sent. Lines stay, with no pieces if need be, so that whoever looks sees what is missing.
 * Returns the order and what was really taken; nothing to take returns the same order.
 */
export const shortenOrder = (
  order: Order,
  shortfalls: readonly Shortfall[],
  now: Date,
): { readonly order: Order; readonly taken: readonly Shortfall[] } => {
  const taken: Shortfall[] = [];
  let lines = order.lines;
  for (const shortfall of shortfalls) {
    const line = lines.find(({ productId }) => productId === shortfall.productId);
    const quantity = Math.min(shortfall.quantity, line?.quantity ?? 0);
    if (!line || quantity <= 0) continue;
    taken.push({ ...shortfall, quantity });
    lines = lines.map((one) => (one === line ? shortenLine(line, quantity) : one));
  }
  if (taken.length === 0) return { order, taken };
  const totals = totalsOf(order.currency, lines);
  return { order: { ...order, lines, totals, updatedAt: now, version: order.version + 1n }, taken };
};
