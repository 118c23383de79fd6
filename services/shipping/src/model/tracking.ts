export type TrackingStatus =
  | "BOOKED"
  | "PICKED_UP"
  | "IN_TRANSIT"
  | "OUT_FOR_DELIVERY"
  | "DELIVERED"
  | "LOST"
  | "REFUSED"
  | "UNDELIVERABLE"
  | "CANCELLED";

/** One line of a parcel's story, as the carrier tells it. */
export interface TrackingEvent {
  readonly status: TrackingStatus;
  readonly text: string;
  readonly place: string;
  /** By the carrier's clock. */
  readonly at: Date;
}

export type ShipmentFailure = "LOST" | "REFUSED" | "UNDELIVERABLE";

export type TrackingVerdict =
  | { readonly type: "under_way" }
  | { readonly type: "delivered"; readonly at: Date }
  | { readonly type: "failed"; readonly failure: ShipmentFailure; readonly text: string };

/** How the story ends, if it has: the last ending counts (a parcel declared lost may turn up). The order of the events does not matter. */
export const verdictOf = (events: readonly TrackingEvent[]): TrackingVerdict => {
  const ordered = [...events].sort((a, b) => b.at.getTime() - a.at.getTime());
  for (const { status, text, at } of ordered) {
    if (status === "DELIVERED") return { type: "delivered", at };
    if (status === "LOST" || status === "REFUSED" || status === "UNDELIVERABLE")
      return { type: "failed", failure: status, text };
  }
  return { type: "under_way" };
};
