import type { Movement, MovementKind } from "./movement.ts";
import type { ReservationLine } from "./reservation.ts";
import { available, commit, release, reserve, restock, type Stock } from "./stock.ts";
import type { Shortage } from "./warehouse-events.ts";

/** Stock rows after a change, and the ledger lines that explain it. */
export interface StockChange {
  readonly stocks: readonly Stock[];
  readonly movements: readonly Movement[];
}

export type ReservationPlan =
  | { readonly kind: "reserved"; readonly change: StockChange }
  | { readonly kind: "rejected"; readonly shortages: readonly Shortage[] };

export interface PlanContext {
  readonly reference: string;
  readonly at: Date;
  readonly newId: () => string;
}

type Apply = (stock: Stock, quantity: number, now: Date) => Stock;

const changeEach = (
  stocks: ReadonlyMap<string, Stock>,
  lines: readonly ReservationLine[],
  kind: MovementKind,
  apply: Apply,
  context: PlanContext,
): StockChange => {
  const after: Stock[] = [];
  const movements: Movement[] = [];
  for (const { productId, quantity } of lines) {
    const before = stocks.get(productId);
    if (!before) continue;
    const changed = apply(before, quantity, context.at);
    after.push(changed);
    movements.push({
      id: context.newId(),
      productId,
      kind,
      onHandDelta: changed.onHand - before.onHand,
      reservedDelta: changed.reserved - before.reserved,
      reference: context.reference,
      at: context.at,
    });
  }
  return { stocks: after, movements };
};

/** All lines or none: one missing piece rejects the order and names every shortage. */
export const planReservation = (
  stocks: ReadonlyMap<string, Stock>,
  lines: readonly ReservationLine[],
  context: PlanContext,
): ReservationPlan => {
  const shortages = lines.flatMap((line): Shortage[] => {
    const stock = stocks.get(line.productId);
    const there = stock ? available(stock) : 0;
    return there < line.quantity ? [{ ...line, available: there }] : [];
  });
  if (shortages.length > 0) return { kind: "rejected", shortages };
  return { kind: "reserved", change: changeEach(stocks, lines, "RESERVATION", reserve, context) };
};

export const planRelease = (
  stocks: ReadonlyMap<string, Stock>,
  lines: readonly ReservationLine[],
  context: PlanContext,
): StockChange => changeEach(stocks, lines, "RELEASE", release, context);

export const planCommitment = (
  stocks: ReadonlyMap<string, Stock>,
  lines: readonly ReservationLine[],
  context: PlanContext,
): StockChange => changeEach(stocks, lines, "COMMITMENT", commit, context);

/** What a customer sent back lies on the shelf again. */
export const planReturn = (
  stocks: ReadonlyMap<string, Stock>,
  lines: readonly ReservationLine[],
  context: PlanContext,
): StockChange => changeEach(stocks, lines, "RETURN", restock, context);

export const planRestock = (
  stocks: ReadonlyMap<string, Stock>,
  lines: readonly ReservationLine[],
  context: PlanContext,
): StockChange => changeEach(stocks, lines, "RESTOCK", restock, context);
