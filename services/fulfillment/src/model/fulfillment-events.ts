import type { Fulfillment, FulfillmentStatus } from "./fulfillment.ts";

/** What happened, in the fulfillment's own words; `events/` puts it into proto. Carries the whole fulfillment as it is afterwards. */
export interface FulfillmentEvent {
  readonly type: "fulfillment.status_changed";
  readonly fulfillment: Fulfillment;
  /** Undefined: it has just been opened. */
  readonly previous: FulfillmentStatus | undefined;
  /** A cancellation came too late; the status did not change. */
  readonly cancellationRefused: boolean;
  readonly at: Date;
}

export const statusChanged = (
  fulfillment: Fulfillment,
  previous: FulfillmentStatus | undefined,
  at: Date,
): FulfillmentEvent => ({ type: "fulfillment.status_changed", fulfillment, previous, cancellationRefused: false, at });

export const cancellationRefused = (fulfillment: Fulfillment, at: Date): FulfillmentEvent => ({
  type: "fulfillment.status_changed",
  fulfillment,
  previous: fulfillment.status,
  cancellationRefused: true,
  at,
});
