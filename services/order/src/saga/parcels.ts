import type { Parcel } from "../model/checkout-events.ts";
import type { Shortfall } from "../model/shorten-order.ts";

/** Pieces by product. */
export type Pieces = Readonly<Record<string, number>>;
/** Pieces by fulfillment and product. What is said twice counts once, in whatever order it is said. */
export type Ledger = Readonly<Record<string, Pieces>>;

/** What a checkout knows of its pieces. All absent in checkouts that were started before fulfillment existed. */
export interface Pieced {
  /** As ordered. */
  readonly expected?: readonly { readonly productId: string; readonly quantity: number }[];
  /** At the customer's door. */
  readonly arrived?: Ledger;
  /** Never sent, or lost on the way. */
  readonly unsent?: Ledger;
  /** Cannot be held back: the answers to a wish to cancel. */
  readonly refused?: Ledger;
}

const sumOf = (ledger: Ledger | undefined, productId: string): number =>
  Object.values(ledger ?? {}).reduce((sum, pieces) => sum + (pieces[productId] ?? 0), 0);

const every = (
  { expected }: Pieced,
  holds: (line: { readonly productId: string; readonly quantity: number }) => boolean,
): boolean => expected?.every(holds) ?? false;

/** Notes pieces of a parcel; the highest word about each counts. */
export const note = (ledger: Ledger | undefined, { fulfillmentId, lines }: Parcel): Ledger => {
  const before = ledger?.[fulfillmentId] ?? {};
  const after = { ...before };
  for (const { productId, quantity } of lines) after[productId] = Math.max(after[productId] ?? 0, quantity);
  return { ...ledger, [fulfillmentId]: after };
};

/** What a report adds to the pieces that are not sent: those of them that are there go back on the shelf. */
export const shortfallsOf = (ledger: Ledger | undefined, parcel: Parcel, there: boolean): readonly Shortfall[] => {
  const before = ledger?.[parcel.fulfillmentId] ?? {};
  return parcel.lines.flatMap(({ productId, quantity, missing = 0 }) => {
    const more = quantity - (before[productId] ?? 0);
    if (more <= 0) return [];
    const gone = there ? Math.min(missing, more) : more;
    return [
      { productId, quantity: gone, backOnShelf: false },
      { productId, quantity: more - gone, backOnShelf: true },
    ].filter((shortfall) => shortfall.quantity > 0);
  });
};

/** Nothing is sent at all. */
export const isNothingLeft = (data: Pieced): boolean =>
  every(data, ({ productId, quantity }) => sumOf(data.unsent, productId) >= quantity);

/** Every piece is at the door, or will never come. */
export const isAllThere = (data: Pieced): boolean =>
  !isNothingLeft(data) &&
  every(data, ({ productId, quantity }) => sumOf(data.arrived, productId) + sumOf(data.unsent, productId) >= quantity);

/** Fulfillment has answered for every piece. */
export const isAllAnswered = (data: Pieced): boolean =>
  every(data, ({ productId, quantity }) => sumOf(data.refused, productId) + sumOf(data.unsent, productId) >= quantity);
