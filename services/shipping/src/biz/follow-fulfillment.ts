import type { Clock } from "@tandem/kernel";
import type { Address } from "../model/address.ts";
import {
  followCancellation,
  handOver,
  isBusy,
  type NewShipment,
  openCancelled,
  openShipment,
  type Shipment,
  type ShipmentStep,
  USUAL_HAND_OVER,
} from "../model/shipment.ts";
import type { EventInHand, NewReturn, PackedParcel, Repositories, ShippingUnitOfWork, StepStore } from "./ports.ts";
import { nextOf, saveStep } from "./save-step.ts";

export interface FollowDeps {
  readonly uow: ShippingUnitOfWork;
  readonly steps: StepStore;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly trackingIntervalMs: number;
  /** Where a warehouse is. */
  readonly addressOf: (warehouseCode: string) => Address;
}

const toShipment = (
  { warehouseCode, ...parcel }: PackedParcel,
  id: string,
  { addressOf }: FollowDeps,
  erased = false,
): NewShipment => ({
  ...parcel,
  id,
  kind: "FULFILLMENT",
  returnId: null,
  sender: addressOf(warehouseCode),
  serviceLevel: "STANDARD",
  erased,
});

/** Opens the fulfillment's shipment, or changes the one that is there. The fulfillment's id is unique: of two at once, one opens. */
const openOrChange = (
  deps: FollowDeps,
  parcel: PackedParcel,
  open: (repositories: Repositories, now: Date) => Promise<ShipmentStep>,
  change: (before: Shipment, busy: boolean, now: Date) => ShipmentStep,
  signal?: AbortSignal,
): Promise<void> =>
  deps.uow.transact(async (repositories) => {
    const { shipments } = repositories;
    const context = { ...deps, now: deps.clock.now() };
    let before = await shipments.lockByFulfillmentId(parcel.fulfillmentId);
    if (!before) {
      const step = await open(repositories, context.now);
      if (await shipments.open(step.shipment, nextOf(step, context))) return;
      before = await shipments.lockByFulfillmentId(parcel.fulfillmentId);
      if (!before) throw new Error("a shipment that was there is gone");
    }
    await saveStep(repositories, before, change(before, isBusy(before), context.now), context);
  }, signal);

/** A fulfillment is packed: its carrier is looked for. Again, or after its cancellation: nothing. */
export const makeOpenShipment =
  (deps: FollowDeps) =>
  (parcel: PackedParcel, event: EventInHand, signal?: AbortSignal): Promise<void> => {
    const now = deps.clock.now();
    const step = openShipment(toShipment(parcel, deps.newId(), deps), now);
    return deps.steps.open(step.shipment, nextOf(step, { ...deps, now }), event.carry(), signal);
  };

/** The carrier may fetch the parcel. Before the news that it is packed: opened with it. Again: nothing. */
export const makeHandOverShipment =
  (deps: FollowDeps) =>
  async (parcel: PackedParcel, event: EventInHand, signal?: AbortSignal): Promise<void> => {
    const { from, ask } = USUAL_HAND_OVER;
    const next = { id: deps.newId(), kind: ask, delayMs: 0, held: false, createdAt: deps.clock.now() };
    const key = { consumer: event.consumer, eventId: event.id };
    if (await deps.steps.handOver(parcel.fulfillmentId, from, next, key, signal)) return event.carry().written(true);
    await openOrChange(
      deps,
      parcel,
      async (_, now) => openShipment({ ...toShipment(parcel, deps.newId(), deps), handedOver: true }, now),
      handOver,
      signal,
    );
  };

/** A packed fulfillment is cancelled: its booking goes back. Before the news that it is packed: nothing is booked later. Again: nothing. */
export const makeFollowCancellation =
  (deps: FollowDeps) => (parcel: PackedParcel, reason: string, signal?: AbortSignal) =>
    openOrChange(
      deps,
      parcel,
      // At its end at once, so it has to be known now whether its person is to be left out.
      async ({ shipments }, now) => {
        const erased = await shipments.isErased(parcel.customerId);
        return openCancelled(toShipment(parcel, deps.newId(), deps, erased), reason, now);
      },
      (before, busy, now) => followCancellation(before, reason, busy, now),
      signal,
    );

/** A customer sends something back: a label, and a carrier who fetches it. Again: nothing. */
export const makeOpenReturn =
  ({ steps, clock, newId, trackingIntervalMs, addressOf }: FollowDeps) =>
  ({ from, ...wanted }: NewReturn, event: EventInHand, signal?: AbortSignal): Promise<void> => {
    const now = clock.now();
    const step = openShipment(
      {
        ...wanted,
        id: newId(),
        kind: "RETURN",
        fulfillmentId: null,
        sender: from,
        recipient: addressOf("MAIN"),
        weightGrams: 0,
        serviceLevel: "STANDARD",
        erased: false,
      },
      now,
    );
    return steps.open(step.shipment, nextOf(step, { now, newId, trackingIntervalMs }), event.carry(), signal);
  };

/** The customer asked to be forgotten. Again: nothing. Before their parcels are heard of: those are blanked at their end. */
export const makeEraseCustomer =
  ({ uow }: Pick<FollowDeps, "uow">) =>
  (customerId: string, signal?: AbortSignal): Promise<number> =>
    uow.transact(({ shipments }) => shipments.eraseCustomer(customerId), signal);
