import { orderUnknown, shipmentNotFound } from "../model/errors.ts";
import {
  cancelShipment,
  isBusy,
  openShipment,
  requestPickup,
  type Shipment,
  type ShipmentStep,
} from "../model/shipment.ts";
import type { FollowDeps } from "./follow-fulfillment.ts";
import type { ExtraParcel } from "./ports.ts";
import { nextOf, saveStep } from "./save-step.ts";

/** `mayActFor`: whether the caller may act for the shipment's seller; otherwise it does not exist for them. */
export interface StepInput {
  readonly shipmentId: string;
  readonly mayActFor: (sellerId: string) => boolean;
}

type ChangeDeps = Omit<FollowDeps, "addressOf" | "steps">;

const change =
  <I extends StepInput>(apply: (before: Shipment, input: I, busy: boolean, now: Date) => ShipmentStep) =>
  ({ uow, clock, newId, trackingIntervalMs }: ChangeDeps) =>
  (input: I, signal?: AbortSignal): Promise<Shipment> =>
    uow.transact(async (repositories) => {
      const before = await repositories.shipments.lockById(input.shipmentId);
      if (!input.mayActFor(before.sellerId)) throw shipmentNotFound(input.shipmentId);
      const now = clock.now();
      const step = apply(before, input, isBusy(before), now);
      return saveStep(repositories, before, step, { now, newId, trackingIntervalMs });
    }, signal);

/** @throws AppError `shipping.shipment_not_found`, and those of {@link cancelShipment} */
export const makeCancelShipment = change((before, { reason }: StepInput & { readonly reason: string }, busy, now) =>
  cancelShipment(before, reason, busy, now),
);

/** @throws AppError `shipping.shipment_not_found`, and those of {@link requestPickup} */
export const makeRequestPickup = change((before, _: StepInput, busy, now) => requestPickup(before, busy, now));

/**
 * An extra parcel by hand. Only of a seller who has sent something of the order, so that nobody writes to strangers in an order's name.
 * @throws AppError `shipping.order_unknown`
 */
export const makeCreateShipment =
  ({ uow, clock, newId, trackingIntervalMs }: ChangeDeps) =>
  ({ orderId, sellerId, recipient, ...wanted }: ExtraParcel, signal?: AbortSignal): Promise<Shipment> =>
    uow.transact(async ({ shipments }) => {
      const sent = await shipments.findSent(orderId, sellerId);
      if (!sent || (sent.erased && !recipient)) throw orderUnknown(orderId);
      const now = clock.now();
      const { customerId, sender } = sent;
      const step = openShipment(
        {
          ...wanted,
          orderId,
          sellerId,
          customerId,
          sender,
          recipient: recipient ?? sent.recipient,
          id: newId(),
          kind: "EXTRA",
          fulfillmentId: null,
          returnId: null,
          erased: false,
        },
        now,
      );
      const opened = await shipments.open(step.shipment, nextOf(step, { now, newId, trackingIntervalMs }));
      if (!opened) throw new Error("a new shipment was there");
      return opened;
    }, signal);
