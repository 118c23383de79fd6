import { defineStateMachine } from "@tandem/kernel";
import {
  alreadyHandedOver,
  lineUnknown,
  nothingPicked,
  pickedTooMany,
  piecesMissing,
  transitionInvalid,
} from "./errors.ts";

export type FulfillmentStatus =
  | "PENDING"
  | "PICKING"
  | "PACKED"
  | "HANDED_OVER"
  | "SHIPPED"
  | "DELIVERED"
  | "CANCELLED"
  | "FAILED";

export interface FulfillmentLine {
  readonly productId: string;
  readonly sku: string;
  readonly name: string;
  /** What this fulfillment is to send, 1 or more. */
  readonly quantity: number;
  /** Found so far, 0 to `quantity`. */
  readonly picked: number;
  /** Pieces that are never sent, 0 to `quantity`. Set when the parcel is closed. */
  readonly short: number;
}

export interface Address {
  readonly recipient: string;
  readonly line1: string;
  readonly line2: string;
  readonly postalCode: string;
  readonly city: string;
  readonly region: string;
  readonly countryCode: string;
  readonly phone: string;
}

/** What one seller sends of one order from one warehouse, in one parcel. */
export interface Fulfillment {
  readonly id: string;
  readonly orderId: string;
  readonly sellerId: string;
  readonly customerId: string;
  readonly warehouseCode: string;
  /** 1 for the first; pieces that had to wait make parts of their own. */
  readonly part: number;
  /** Pieces of it wait in another part. */
  readonly moreParts: boolean;
  readonly status: FulfillmentStatus;
  readonly lines: readonly FulfillmentLine[];
  readonly shippingAddress: Address;
  readonly shipmentId: string | null;
  readonly weightGrams: number;
  /** Why it was cancelled or failed; else empty. */
  readonly reason: string;
  /** When a person was called because it lies too long. */
  readonly flaggedAt: Date | null;
  readonly statusSince: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly version: bigint;
  readonly traceparent: string | null;
}

/**
 * From HANDED_OVER on nobody can hold the parcel back. The carrier's news may overtake each other, so it may be delivered before it was
 * seen to leave; PACKED -> SHIPPED when the carrier took it before anybody said so.
 */
export const fulfillmentStates = defineStateMachine<FulfillmentStatus>({
  PENDING: ["PICKING", "CANCELLED"],
  PICKING: ["PACKED", "CANCELLED"],
  PACKED: ["HANDED_OVER", "SHIPPED", "DELIVERED", "CANCELLED", "FAILED"],
  HANDED_OVER: ["SHIPPED", "DELIVERED", "FAILED"],
  SHIPPED: ["DELIVERED", "FAILED"],
  DELIVERED: [],
  CANCELLED: [],
  FAILED: [],
});

const changed = (fulfillment: Fulfillment, change: Partial<Fulfillment>, now: Date): Fulfillment => ({
  ...fulfillment,
  ...change,
  updatedAt: now,
  version: fulfillment.version + 1n,
});

const moveTo = (
  fulfillment: Fulfillment,
  status: FulfillmentStatus,
  now: Date,
  change: Partial<Fulfillment> = {},
): Fulfillment => {
  if (!fulfillmentStates.can(fulfillment.status, status)) throw transitionInvalid(fulfillment.status, status);
  return changed(fulfillment, { ...change, status, statusSince: now, flaggedAt: null }, now);
};

/** In `status` or beyond: what asks for it again changes nothing. */
const PATH: readonly FulfillmentStatus[] = ["PENDING", "PICKING", "PACKED", "HANDED_OVER", "SHIPPED", "DELIVERED"];
const isPast = (fulfillment: Fulfillment, status: FulfillmentStatus): boolean =>
  PATH.indexOf(fulfillment.status) >= PATH.indexOf(status);

/** @throws AppError `fulfillment.transition_invalid` */
export const startPicking = (fulfillment: Fulfillment, now: Date): Fulfillment =>
  fulfillment.status === "PICKING" ? fulfillment : moveTo(fulfillment, "PICKING", now);

export interface PickedPieces {
  readonly productId: string;
  readonly picked: number;
}

/**
 * Says how many pieces were found. Products that are not named keep what was said before.
 * @throws AppError `fulfillment.transition_invalid`, `fulfillment.line_unknown`, `fulfillment.picked_too_many`
 */
export const confirmPick = (fulfillment: Fulfillment, picks: readonly PickedPieces[], now: Date): Fulfillment => {
  if (fulfillment.status !== "PICKING") throw transitionInvalid(fulfillment.status, "PICKING");
  const found = new Map(picks.map(({ productId, picked }) => [productId, picked]));
  for (const [productId, picked] of found) {
    const line = fulfillment.lines.find((one) => one.productId === productId);
    if (!line) throw lineUnknown(productId);
    if (picked > line.quantity) throw pickedTooMany(productId, line.quantity);
  }
  const lines = fulfillment.lines.map((line) => ({ ...line, picked: found.get(line.productId) ?? line.picked }));
  const same = lines.every((line, at) => line.picked === fulfillment.lines[at]?.picked);
  return same ? fulfillment : changed(fulfillment, { lines }, now);
};

export type Missing = "BACKORDER" | "SHORT";

export interface Packing {
  readonly weightGrams: number;
  /** What becomes of pieces that were not found; undefined: there must be none. */
  readonly missing: Missing | undefined;
}

export interface Packed {
  readonly fulfillment: Fulfillment;
  /** The pieces that follow later. */
  readonly rest?: Fulfillment | undefined;
}

const missingOf = ({ quantity, picked }: FulfillmentLine): number => quantity - picked;

/**
 * Closes the parcel. No piece is lost: what was to be sent is afterwards in this parcel, in the next part, or short. With nothing found
 * and nothing to follow there is no parcel: it is cancelled.
 * @throws AppError `fulfillment.transition_invalid`, `fulfillment.pieces_missing`, `fulfillment.nothing_picked`
 */
export const pack = (
  fulfillment: Fulfillment,
  { weightGrams, missing }: Packing,
  next: { readonly id: string; readonly part: number },
  now: Date,
): Packed => {
  if (fulfillment.status !== "PICKING") {
    if (isPast(fulfillment, "PACKED")) return { fulfillment };
    throw transitionInvalid(fulfillment.status, "PACKED");
  }
  const missed = fulfillment.lines.reduce((sum, line) => sum + missingOf(line), 0);
  if (missed === 0) return { fulfillment: moveTo(fulfillment, "PACKED", now, { weightGrams }) };
  if (!missing) throw piecesMissing(missed);
  const nothing = fulfillment.lines.every(({ picked }) => picked === 0);
  if (missing === "SHORT") {
    const lines = fulfillment.lines.map((line) => ({ ...line, short: missingOf(line) }));
    return nothing
      ? { fulfillment: moveTo(fulfillment, "CANCELLED", now, { lines, reason: "nothing was found" }) }
      : { fulfillment: moveTo(fulfillment, "PACKED", now, { lines, weightGrams }) };
  }
  if (nothing) throw nothingPicked(fulfillment.id);
  const lines = fulfillment.lines.flatMap((line) => (line.picked > 0 ? [{ ...line, quantity: line.picked }] : []));
  const left = fulfillment.lines.flatMap((line) =>
    missingOf(line) > 0 ? [{ ...line, quantity: missingOf(line), picked: 0 }] : [],
  );
  return {
    fulfillment: moveTo(fulfillment, "PACKED", now, { lines, weightGrams, moreParts: true }),
    rest: openFulfillment({ ...fulfillment, ...next, lines: left }, now),
  };
};

/** Again, or when it is further already: unchanged. @throws AppError `fulfillment.transition_invalid` */
export const handOver = (fulfillment: Fulfillment, now: Date): Fulfillment =>
  isPast(fulfillment, "HANDED_OVER") ? fulfillment : moveTo(fulfillment, "HANDED_OVER", now);

/** What the carrier reports. Late news, of a parcel that is further already or was held back, change nothing. */
export const followCarrier = (
  fulfillment: Fulfillment,
  status: "SHIPPED" | "DELIVERED" | "FAILED",
  reason: string,
  now: Date,
): Fulfillment => {
  if (fulfillmentStates.terminal(fulfillment.status) || fulfillment.status === status) return fulfillment;
  return moveTo(fulfillment, status, now, { reason });
};

/**
 * The parcel has a label. It changes hands in the same moment, unless it has before or was held back.
 * @throws AppError `fulfillment.transition_invalid` for one that was never packed: shipping asks for none
 */
export const attachShipment = (fulfillment: Fulfillment, shipmentId: string, now: Date): Fulfillment => {
  if (fulfillment.status === "PACKED") return moveTo(fulfillment, "HANDED_OVER", now, { shipmentId });
  if (fulfillment.shipmentId || fulfillmentStates.terminal(fulfillment.status)) return fulfillment;
  if (!isPast(fulfillment, "PACKED")) throw transitionInvalid(fulfillment.status, "HANDED_OVER");
  return changed(fulfillment, { shipmentId }, now);
};

/** News of the carrier about a parcel. */
export type CarrierNews =
  | { readonly type: "created"; readonly shipmentId: string }
  | { readonly type: "dispatched" }
  | { readonly type: "delivered" }
  | { readonly type: "failed"; readonly reason: string };

export const applyNews = (fulfillment: Fulfillment, news: CarrierNews, now: Date): Fulfillment => {
  switch (news.type) {
    case "created":
      return attachShipment(fulfillment, news.shipmentId, now);
    case "dispatched":
      return followCarrier(fulfillment, "SHIPPED", "", now);
    case "delivered":
      return followCarrier(fulfillment, "DELIVERED", "", now);
    case "failed":
      return followCarrier(fulfillment, "FAILED", news.reason, now);
  }
};

/** What {@link applyNews} makes of news that come in their turn: known without the fulfillment, so it need not be read first. */
export interface UsualMove {
  readonly from: FulfillmentStatus;
  readonly to: FulfillmentStatus;
  readonly shipmentId?: string;
}

export const usualMove = (news: CarrierNews): UsualMove | undefined => {
  switch (news.type) {
    case "created":
      return { from: "PACKED", to: "HANDED_OVER", shipmentId: news.shipmentId };
    case "dispatched":
      return { from: "HANDED_OVER", to: "SHIPPED" };
    case "delivered":
      return { from: "SHIPPED", to: "DELIVERED" };
    case "failed":
      return undefined;
  }
};

/** Pieces are missing that would follow in a part of their own. */
export const leavesRest = ({ lines }: Fulfillment, { missing }: Packing): boolean =>
  missing === "BACKORDER" && lines.some((line) => missingOf(line) > 0);

export const mayCancel = ({ status }: Fulfillment): boolean => fulfillmentStates.can(status, "CANCELLED");

/** A cancelled one comes back unchanged. @throws AppError `fulfillment.already_handed_over` */
export const cancelFulfillment = (fulfillment: Fulfillment, reason: string, now: Date): Fulfillment => {
  if (fulfillment.status === "CANCELLED") return fulfillment;
  if (!mayCancel(fulfillment)) throw alreadyHandedOver(fulfillment.id, fulfillment.status);
  return moveTo(fulfillment, "CANCELLED", now, { reason });
};

/** Said again although nothing changed; the version grows so that consumers can order it. */
export const touchFulfillment = (fulfillment: Fulfillment, now: Date): Fulfillment => changed(fulfillment, {}, now);

/** Lies too long: a person was called. */
export const flagFulfillment = (fulfillment: Fulfillment, now: Date): Fulfillment =>
  fulfillment.flaggedAt ? fulfillment : changed(fulfillment, { flaggedAt: now }, now);

export interface NewFulfillment
  extends Pick<
    Fulfillment,
    | "id"
    | "orderId"
    | "sellerId"
    | "customerId"
    | "warehouseCode"
    | "part"
    | "lines"
    | "shippingAddress"
    | "traceparent"
  > {}

export const openFulfillment = (input: NewFulfillment, now: Date): Fulfillment => ({
  id: input.id,
  orderId: input.orderId,
  sellerId: input.sellerId,
  customerId: input.customerId,
  warehouseCode: input.warehouseCode,
  part: input.part,
  moreParts: false,
  status: "PENDING",
  lines: input.lines,
  shippingAddress: input.shippingAddress,
  shipmentId: null,
  weightGrams: 0,
  reason: "",
  flaggedAt: null,
  statusSince: now,
  createdAt: now,
  updatedAt: now,
  version: 1n,
  traceparent: input.traceparent,
});
