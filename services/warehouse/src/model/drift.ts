import type { Movement } from "./movement.ts";
import type { StockChange } from "./plan-reservation.ts";
import type { Stock } from "./stock.ts";

/** One product's stock as three witnesses tell it: the record, the ledger, and the reservations that are held. */
export interface Evidence {
  readonly productId: string;
  readonly onHand: number;
  readonly reserved: number;
  readonly onHandByLedger: number;
  readonly reservedByLedger: number;
  readonly reservedByOrders: number;
}

export type DriftStatus = "OPEN" | "REPAIRED" | "GONE";

export interface Drift extends Evidence {
  readonly id: string;
  readonly status: DriftStatus;
  readonly foundAt: Date;
  readonly endedAt?: Date | undefined;
  /** Why it could not be repaired. */
  readonly note: string;
}

export const differs = (of: Evidence): boolean =>
  of.onHand !== of.onHandByLedger || of.reserved !== of.reservedByLedger || of.reserved !== of.reservedByOrders;

export type RepairPlan =
  | { readonly kind: "fine" }
  | { readonly kind: "repair"; readonly change: StockChange }
  | { readonly kind: "impossible"; readonly note: string };

export interface RepairContext {
  readonly at: Date;
  readonly newId: () => string;
}

/**
 * What brings the witnesses together: the shelf holds what the append-only ledger says, and promised is what reservations hold. One
 * movement tells how they stood, and brings the ledger's promises to those of the reservations.
 */
export const planRepair = (stock: Stock | undefined, evidence: Evidence, { at, newId }: RepairContext): RepairPlan => {
  if (!differs(evidence)) return { kind: "fine" };
  const { productId, onHandByLedger: onHand, reservedByOrders: reserved } = evidence;
  if (!stock) return { kind: "impossible", note: "there are movements and no stock record" };
  if (onHand < 0) return { kind: "impossible", note: "the ledger adds up to less than nothing" };
  if (reserved > onHand) return { kind: "impossible", note: "orders hold more than the ledger has" };
  const movement: Movement = {
    id: newId(),
    productId,
    kind: "RECONCILIATION",
    onHandDelta: 0,
    reservedDelta: reserved - evidence.reservedByLedger,
    reference: `record ${evidence.onHand}/${evidence.reserved}, ledger ${onHand}/${evidence.reservedByLedger}, orders ${reserved}`,
    at,
  };
  const after: Stock = { ...stock, onHand, reserved, version: stock.version + 1n, updatedAt: at };
  return { kind: "repair", change: { stocks: [after], movements: [movement] } };
};
