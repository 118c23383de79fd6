export type MovementKind =
  | "RECEIPT"
  | "ADJUSTMENT"
  | "RESERVATION"
  | "RELEASE"
  | "COMMITMENT"
  | "RESTOCK"
  | "RECONCILIATION"
  | "RETURN";

/**
 * One line of the stock ledger. The sums of `onHandDelta` and `reservedDelta` over a product's movements are its
 * stock: reconciliation compares the two.
 */
export interface Movement {
  readonly id: string;
  readonly productId: string;
  readonly kind: MovementKind;
  readonly onHandDelta: number;
  readonly reservedDelta: number;
  /** The order or the reason behind it. */
  readonly reference: string;
  readonly at: Date;
}
