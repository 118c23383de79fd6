import { defineStateMachine } from "@tandem/kernel";

export type ReservationStatus = "HELD" | "COMMITTED" | "RELEASED" | "EXPIRED" | "REJECTED";

export interface ReservationLine {
  readonly productId: string;
  readonly quantity: number;
}

/** The promise of stock to one order; its id is the order's, so that a repeat finds it. */
export interface Reservation {
  readonly id: string;
  readonly orderId: string;
  readonly status: ReservationStatus;
  /** Empty when the order was cancelled before its reservation was asked for. */
  readonly lines: readonly ReservationLine[];
  readonly expiresAt: Date;
  readonly createdAt: Date;
  readonly version: bigint;
}

/**
 * EXPIRED -> COMMITTED: the order was confirmed while the promise ran out; honoured if the pieces are still there.
 * COMMITTED -> RELEASED: cancelled after confirmation, before shipping.
 */
export const reservationStates = defineStateMachine<ReservationStatus>({
  HELD: ["COMMITTED", "RELEASED", "EXPIRED"],
  EXPIRED: ["COMMITTED", "RELEASED", "REJECTED"],
  COMMITTED: ["RELEASED"],
  RELEASED: [],
  REJECTED: ["RELEASED"],
});

export const withStatus = (reservation: Reservation, status: ReservationStatus): Reservation => {
  reservationStates.assert(reservation.status, status);
  return { ...reservation, status, version: reservation.version + 1n };
};

/** One line per product, in the order in which stock rows are locked: two orders never wait for each other in a ring. */
export const mergeLines = (lines: readonly ReservationLine[]): ReservationLine[] => {
  const byProduct = new Map<string, number>();
  for (const { productId, quantity } of lines) byProduct.set(productId, (byProduct.get(productId) ?? 0) + quantity);
  return [...byProduct]
    .map(([productId, quantity]) => ({ productId, quantity }))
    .sort((a, b) => (a.productId < b.productId ? -1 : 1));
};

/** The reservation without pieces that are never sent, and what it really had of them. Nothing to take: the same reservation. */
export const withoutPieces = <L extends ReservationLine>(
  reservation: Reservation,
  pieces: readonly L[],
): { readonly reservation: Reservation; readonly taken: readonly L[] } => {
  const left = new Map(reservation.lines.map(({ productId, quantity }) => [productId, quantity]));
  const taken = pieces.flatMap((piece): L[] => {
    const quantity = Math.min(piece.quantity, left.get(piece.productId) ?? 0);
    if (quantity <= 0) return [];
    left.set(piece.productId, (left.get(piece.productId) ?? 0) - quantity);
    return [{ ...piece, quantity }];
  });
  if (taken.length === 0) return { reservation, taken };
  const lines = [...left].flatMap(([productId, quantity]) => (quantity > 0 ? [{ productId, quantity }] : []));
  return { reservation: { ...reservation, lines, version: reservation.version + 1n }, taken };
};
