import type { Rate } from "./rate.ts";
import type { TrackingEvent } from "./tracking.ts";

/** What is asked of carriers. A booking has the operation's id as its idempotency key over there. */
export type OperationKind = "RATE" | "BOOK" | "LABEL" | "PICKUP" | "TRACK" | "CANCEL";

/** What the carrier prints onto its label beside the addresses. */
export interface LabelData {
  /** Tells the carrier's sorting machines where it goes, e.g. `DE-109`. */
  readonly routingCode: string;
}

/** A carrier's promise to take a parcel. */
export interface Booking {
  readonly trackingNumber: string;
  readonly trackingUrl: string;
  readonly estimatedDeliveryAt: Date;
}

/** What came of an operation. `refused` is the carrier's answer, no failure of the call. */
export type OperationOutcome =
  | { readonly type: "rated"; readonly rate: Rate }
  | { readonly type: "booked"; readonly booking: Booking }
  | { readonly type: "labelled"; readonly label: LabelData }
  | { readonly type: "picked_up" }
  | { readonly type: "tracked"; readonly events: readonly TrackingEvent[] }
  | { readonly type: "cancelled" }
  | { readonly type: "refused"; readonly text: string };
