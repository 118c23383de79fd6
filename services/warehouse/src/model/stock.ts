import { insufficientStock, stockOverflow } from "./errors.ts";

/** What the column holds. */
const MOST_ON_HAND = 2 ** 31 - 1;

/** What lies in the warehouse of one product. `reserved` is part of `onHand`: available = onHand - reserved. */
export interface Stock {
  readonly productId: string;
  readonly sellerId: string;
  /** Pieces physically there, 0 to 2^31 - 1. */
  readonly onHand: number;
  /** Pieces promised to orders and not yet handed over, 0 to `onHand`. */
  readonly reserved: number;
  /** The product was deleted: what was promised is kept, nothing more is. Final. */
  readonly discontinued: boolean;
  readonly version: bigint;
  readonly updatedAt: Date;
}

export const available = (stock: Stock): number => (stock.discontinued ? 0 : stock.onHand - stock.reserved);

/** Nothing of a product, before its first delivery. */
export const emptyStock = (productId: string, sellerId: string, now: Date): Stock => ({
  productId,
  sellerId,
  onHand: 0,
  reserved: 0,
  discontinued: false,
  version: 1n,
  updatedAt: now,
});

/** Whose product it is, the catalog knows. The same stock when it was right. */
export const ownedBy = (stock: Stock, sellerId: string, now: Date): Stock =>
  stock.sellerId === sellerId ? stock : next(stock, { sellerId }, now);

/** The same stock when it was already. */
export const discontinue = (stock: Stock, now: Date): Stock =>
  stock.discontinued ? stock : next(stock, { discontinued: true }, now);

const next = (
  stock: Stock,
  change: Partial<Pick<Stock, "onHand" | "reserved" | "sellerId" | "discontinued">>,
  now: Date,
): Stock => ({
  ...stock,
  ...change,
  version: stock.version + 1n,
  updatedAt: now,
});

/** @throws AppError `warehouse.insufficient_stock` */
export const reserve = (stock: Stock, quantity: number, now: Date): Stock => {
  if (quantity > available(stock)) throw insufficientStock(stock.productId, quantity, available(stock));
  return next(stock, { reserved: stock.reserved + quantity }, now);
};

/** Gives promised pieces back to sale. */
export const release = (stock: Stock, quantity: number, now: Date): Stock =>
  next(stock, { reserved: stock.reserved - quantity }, now);

/** The pieces of a confirmed order leave the shelf. */
export const commit = (stock: Stock, quantity: number, now: Date): Stock =>
  next(stock, { onHand: stock.onHand - quantity, reserved: stock.reserved - quantity }, now);

/** A committed order was cancelled before it left the house: its pieces go back on the shelf. */
export const restock = (stock: Stock, quantity: number, now: Date): Stock =>
  next(stock, { onHand: stock.onHand + quantity }, now);

/**
 * Corrects what lies on the shelf, by a delivery, a count or a loss.
 * @throws AppError `warehouse.insufficient_stock` when promised pieces would be taken away, `request.invalid` beyond 2^31 - 1.
 */
export const adjust = (stock: Stock, delta: number, now: Date): Stock => {
  if (stock.onHand + delta < stock.reserved) throw insufficientStock(stock.productId, -delta, available(stock));
  if (stock.onHand + delta > MOST_ON_HAND) throw stockOverflow(stock.productId, MOST_ON_HAND);
  return next(stock, { onHand: stock.onHand + delta }, now);
};
