import { defineStateMachine, type Money } from "@tandem/kernel";
import { type Address, blankAddress } from "./address.ts";
import { alreadyHandedOver, notPickedUpByHand, transitionInvalid } from "./errors.ts";
import type { OperationKind, OperationOutcome } from "./operation.ts";
import type { ServiceLevel } from "./rate.ts";
import type { ShipmentEvent } from "./shipment-events.ts";
import { type ShipmentFailure, type TrackingEvent, verdictOf } from "./tracking.ts";

/** FULFILLMENT: what a fulfillment packed; RETURN: from the customer back; EXTRA: by hand, beside the order. */
export type ShipmentKind = "FULFILLMENT" | "RETURN" | "EXTRA";

export type ShipmentStatus = "PENDING" | "BOOKED" | "LABELLED" | "DISPATCHED" | "DELIVERED" | "FAILED" | "CANCELLED";

export interface ShipmentLine {
  readonly productId: string;
  readonly quantity: number;
}

/** One parcel. */
export interface Shipment {
  readonly id: string;
  readonly kind: ShipmentKind;
  readonly status: ShipmentStatus;
  readonly orderId: string;
  readonly sellerId: string;
  readonly customerId: string;
  readonly fulfillmentId: string | null;
  readonly returnId: string | null;
  readonly lines: readonly ShipmentLine[];
  readonly sender: Address;
  readonly recipient: Address;
  /** 0: not weighed. */
  readonly weightGrams: number;
  readonly serviceLevel: ServiceLevel;
  /** Empty until one is chosen. */
  readonly carrier: string;
  readonly carrierService: string;
  readonly price: Money | null;
  readonly trackingNumber: string;
  readonly trackingUrl: string;
  readonly routingCode: string;
  readonly estimatedDeliveryAt: Date | null;
  /** Carriers that would not take it after all. */
  readonly refusedBy: readonly string[];
  /** Somebody said that it may be picked up. */
  readonly handedOver: boolean;
  /** Who called it off; from then on it never leaves. */
  readonly cancelledBy: "FULFILLMENT" | "HAND" | null;
  /** The customer asked to be forgotten: addresses go as soon as it is at its end. */
  readonly erased: boolean;
  readonly failure: ShipmentFailure | null;
  readonly reason: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly dispatchedAt: Date | null;
  readonly deliveredAt: Date | null;
  readonly version: bigint;
}

export const shipmentStates = defineStateMachine<ShipmentStatus>({
  PENDING: ["BOOKED", "FAILED", "CANCELLED"],
  BOOKED: ["LABELLED", "FAILED", "CANCELLED"],
  LABELLED: ["DISPATCHED", "FAILED", "CANCELLED"],
  DISPATCHED: ["DELIVERED", "FAILED"],
  DELIVERED: [],
  FAILED: [],
  CANCELLED: [],
});

/** A shipment after a change, what it asks of its carrier, what the carrier told, and what is announced. Pure. */
export interface ShipmentStep {
  readonly shipment: Shipment;
  readonly ask?: OperationKind | undefined;
  readonly tracking: readonly TrackingEvent[];
  readonly events: readonly ShipmentEvent[];
}

const stay = (shipment: Shipment): ShipmentStep => ({ shipment, tracking: [], events: [] });

const withoutPerson = (shipment: Shipment): Shipment =>
  shipment.kind === "RETURN"
    ? { ...shipment, sender: blankAddress(shipment.sender) }
    : { ...shipment, recipient: blankAddress(shipment.recipient) };

const changed = (before: Shipment, change: Partial<Shipment>, now: Date): Shipment => {
  if (change.status && change.status !== before.status) shipmentStates.assert(before.status, change.status);
  const after = { ...before, ...change, updatedAt: now, version: before.version + 1n };
  return after.erased && shipmentStates.terminal(after.status) ? withoutPerson(after) : after;
};

const event = (type: ShipmentEvent["type"], shipment: Shipment, at: Date): ShipmentEvent => ({ type, shipment, at });

/** What a shipment needs next of a carrier, when nothing is under way. A cancelled one is undone, and never picked up. */
const nextOperation = ({ status, carrier, cancelledBy, handedOver }: Shipment): OperationKind | undefined => {
  switch (status) {
    case "PENDING":
      return carrier ? "BOOK" : "RATE";
    case "BOOKED":
      return cancelledBy ? "CANCEL" : "LABEL";
    case "LABELLED":
      if (cancelledBy) return "CANCEL";
      return handedOver ? "PICKUP" : undefined;
    case "DISPATCHED":
      return "TRACK";
    default:
      return undefined;
  }
};

/** An operation is under way: whatever a shipment needs next is asked for in the step that leads there. Of one on its way nobody asks. */
export const isBusy = (shipment: Shipment): boolean => nextOperation(shipment) !== undefined;

const goOn = (shipment: Shipment, events: readonly ShipmentEvent[] = [], tracking: readonly TrackingEvent[] = []) => ({
  shipment,
  ask: nextOperation(shipment),
  events,
  tracking,
});

export interface NewShipment
  extends Pick<
    Shipment,
    | "id"
    | "kind"
    | "orderId"
    | "sellerId"
    | "customerId"
    | "fulfillmentId"
    | "returnId"
    | "lines"
    | "sender"
    | "recipient"
    | "weightGrams"
    | "serviceLevel"
    | "erased"
  > {
  /** It may leave as soon as it has a label. */
  readonly handedOver?: boolean;
}

const fresh = ({ handedOver = false, ...input }: NewShipment, now: Date): Shipment => ({
  ...input,
  status: "PENDING",
  carrier: "",
  carrierService: "",
  price: null,
  trackingNumber: "",
  trackingUrl: "",
  routingCode: "",
  estimatedDeliveryAt: null,
  refusedBy: [],
  // A return is fetched at the customer's as soon as the label is there.
  handedOver: handedOver || input.kind === "RETURN",
  cancelledBy: null,
  failure: null,
  reason: "",
  createdAt: now,
  updatedAt: now,
  dispatchedAt: null,
  deliveredAt: null,
  version: 1n,
});

export const openShipment = (input: NewShipment, now: Date): ShipmentStep => goOn(fresh(input, now));

/** Called off before it was heard of: closed, so that the late news that it is packed books nothing. */
export const openCancelled = (input: NewShipment, reason: string, now: Date): ShipmentStep => {
  const shipment: Shipment = { ...fresh(input, now), status: "CANCELLED", cancelledBy: "FULFILLMENT", reason };
  return stay(shipment.erased ? withoutPerson(shipment) : shipment);
};

/**
 * The parcel may be picked up: at once, or when its label is there. Again, or cancelled: nothing.
 * @param busy an operation is under way
 */
export const handOver = (before: Shipment, busy: boolean, now: Date): ShipmentStep => {
  if (before.handedOver || before.cancelledBy || shipmentStates.terminal(before.status)) return stay(before);
  const shipment = changed(before, { handedOver: true }, now);
  return busy ? stay(shipment) : goOn(shipment);
};

/** What {@link handOver} nearly always finds and asks for: known without the shipment, so it need not be read first. */
export const USUAL_HAND_OVER = { from: "LABELLED", ask: "PICKUP" } as const;

/** By hand. @throws AppError `shipping.transition_invalid` for parcels of fulfillments and returns, and for cancelled or failed ones */
export const requestPickup = (before: Shipment, busy: boolean, now: Date): ShipmentStep => {
  if (before.kind !== "EXTRA") throw notPickedUpByHand();
  if (before.handedOver) return stay(before);
  if (before.cancelledBy || before.status === "FAILED") throw transitionInvalid(before.status, "picked up");
  return handOver(before, busy, now);
};

const call = (before: Shipment, by: "FULFILLMENT" | "HAND", reason: string, busy: boolean, now: Date): ShipmentStep => {
  const shipment = changed(before, { cancelledBy: by, reason }, now);
  if (busy) return stay(shipment);
  return shipment.status === "PENDING" ? closeCancelled(shipment, now) : goOn(shipment);
};

/** Nothing is booked, or no longer: the end. A fulfillment that did not call it off itself is told. */
const closeCancelled = (before: Shipment, now: Date): ShipmentStep => {
  const shipment = changed(before, { status: "CANCELLED" }, now);
  const told = shipment.cancelledBy === "HAND" && shipment.kind === "FULFILLMENT";
  return { ...stay(shipment), events: told ? [event("shipment.failed", shipment, now)] : [] };
};

/** The fulfillment was cancelled. Again, handed over (it cannot have been then), or at its end: nothing. */
export const followCancellation = (before: Shipment, reason: string, busy: boolean, now: Date): ShipmentStep =>
  before.cancelledBy || before.handedOver || shipmentStates.terminal(before.status)
    ? stay(before)
    : call(before, "FULFILLMENT", reason, busy, now);

/** By hand. Again: nothing. @throws AppError `shipping.already_handed_over`, `shipping.transition_invalid` */
export const cancelShipment = (before: Shipment, reason: string, busy: boolean, now: Date): ShipmentStep => {
  if (before.cancelledBy) return stay(before);
  if (before.handedOver) throw alreadyHandedOver(before.id);
  if (shipmentStates.terminal(before.status)) throw transitionInvalid(before.status, "cancelled");
  return call(before, "HAND", reason, busy, now);
};

const fail = (before: Shipment, failure: ShipmentFailure, reason: string, now: Date): ShipmentStep => {
  const shipment = changed(before, { status: "FAILED", failure, reason }, now);
  return {
    ...stay(shipment),
    events: shipment.kind === "FULFILLMENT" ? [event("shipment.failed", shipment, now)] : [],
  };
};

const follow = (before: Shipment, tracking: readonly TrackingEvent[], now: Date): ShipmentStep => {
  const verdict = verdictOf(tracking);
  if (verdict.type === "under_way") return { ...stay(before), tracking, ask: "TRACK" };
  if (verdict.type === "failed") return { ...fail(before, verdict.failure, verdict.text, now), tracking };
  const shipment = changed(before, { status: "DELIVERED", deliveredAt: verdict.at }, now);
  const events: ShipmentEvent[] =
    shipment.kind === "EXTRA"
      ? []
      : [event(shipment.kind === "RETURN" ? "shipment.returned" : "shipment.delivered", shipment, now)];
  return { ...stay(shipment), tracking, events };
};

const applyRefusal = (before: Shipment, kind: OperationKind, text: string, now: Date): ShipmentStep => {
  switch (kind) {
    case "BOOK":
      // Another carrier may take it.
      return before.cancelledBy
        ? closeCancelled(before, now)
        : goOn(
            changed(
              before,
              { carrier: "", carrierService: "", price: null, refusedBy: [...before.refusedBy, before.carrier] },
              now,
            ),
          );
    case "RATE":
    case "LABEL":
    case "PICKUP":
      return before.cancelledBy ? closeCancelled(before, now) : fail(before, "UNDELIVERABLE", text, now);
    case "CANCEL":
      // Nobody picks it up, but the carrier keeps its booking: for a person, in the operation's row.
      return closeCancelled(before, now);
    case "TRACK":
      return stay(before);
  }
};

/** What an operation's outcome means for its shipment. `ask` TRACK after TRACK: the same operation goes on later. */
export const applyOutcome = (
  before: Shipment,
  kind: OperationKind,
  outcome: OperationOutcome,
  now: Date,
): ShipmentStep => {
  switch (outcome.type) {
    case "refused":
      return applyRefusal(before, kind, outcome.text, now);
    case "rated": {
      if (before.cancelledBy) return closeCancelled(before, now);
      const { carrier, service, price } = outcome.rate;
      return goOn(changed(before, { carrier, carrierService: service, price }, now));
    }
    case "booked":
      return goOn(changed(before, { status: "BOOKED", ...outcome.booking }, now));
    case "labelled": {
      const shipment = changed(before, { status: "LABELLED", routingCode: outcome.label.routingCode }, now);
      const quiet = shipment.cancelledBy || shipment.kind === "EXTRA";
      return goOn(shipment, quiet ? [] : [event("shipment.created", shipment, now)]);
    }
    case "picked_up": {
      const shipment = changed(before, { status: "DISPATCHED", dispatchedAt: now }, now);
      return goOn(shipment, shipment.kind === "FULFILLMENT" ? [event("shipment.dispatched", shipment, now)] : []);
    }
    case "tracked":
      return follow(before, outcome.events, now);
    case "cancelled":
      return closeCancelled(before, now);
  }
};
