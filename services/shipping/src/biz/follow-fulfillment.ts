import type { Clock } from "@tandem/kernel";
import type { Address } from "../model/address.ts";
import {
  followCancellation,
  handOver,
  type NewShipment,
  openCancelled,
  openShipment,
  type Shipment,
  type ShipmentStep,
} from "../model/shipment.ts";
import type { NewReturn, PackedParcel, Repositories, ShippingUnitOfWork } from "./ports.ts";
import { saveStep } from "./save-step.ts";

export interface FollowDeps {
  readonly uow: ShippingUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly trackingIntervalMs: number;
  /** Where a warehouse is. */
  readonly addressOf: (warehouseCode: string) => Address;
}

const toShipment = (
  { warehouseCode, ...parcel }: PackedParcel,
  id: string,
  erased: boolean,
  { addressOf }: FollowDeps,
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
  open: (input: NewShipment, now: Date) => ShipmentStep,
  change: (before: Shipment, busy: boolean, now: Date) => ShipmentStep,
  signal?: AbortSignal,
): Promise<Shipment> =>
  deps.uow.transact(async (repositories: Repositories) => {
    const { shipments, operations } = repositories;
    const { newId, trackingIntervalMs } = deps;
    const now = deps.clock.now();
    let before = await shipments.lockByFulfillmentId(parcel.fulfillmentId);
    if (!before) {
      const step = open(toShipment(parcel, newId(), await shipments.isErased(parcel.customerId), deps), now);
      if (await shipments.createIfAbsent(step.shipment))
        return saveStep(repositories, step, { before, now, newId, trackingIntervalMs });
      before = await shipments.lockByFulfillmentId(parcel.fulfillmentId);
      if (!before) throw new Error("a shipment that was there is gone");
    }
    const step = change(before, await operations.isBusy(before.id), now);
    return saveStep(repositories, step, { before, now, newId, trackingIntervalMs });
  }, signal);

/** A fulfillment is packed: its carrier is looked for. Again, or after its cancellation: nothing. */
export const makeOpenShipment = (deps: FollowDeps) => (parcel: PackedParcel, signal?: AbortSignal) =>
  openOrChange(deps, parcel, openShipment, (shipment) => ({ shipment, tracking: [], events: [] }), signal);

/** The carrier may fetch the parcel. Before the news that it is packed: opened with it. Again: nothing. */
export const makeHandOverShipment = (deps: FollowDeps) => (parcel: PackedParcel, signal?: AbortSignal) =>
  openOrChange(deps, parcel, (input, now) => openShipment({ ...input, handedOver: true }, now), handOver, signal);

/** A packed fulfillment is cancelled: its booking goes back. Before the news that it is packed: nothing is booked later. Again: nothing. */
export const makeFollowCancellation =
  (deps: FollowDeps) => (parcel: PackedParcel, reason: string, signal?: AbortSignal) =>
    openOrChange(
      deps,
      parcel,
      (input, now) => openCancelled(input, reason, now),
      (before, busy, now) => followCancellation(before, reason, busy, now),
      signal,
    );

/** A customer sends something back: a label, and a carrier who fetches it. Again: nothing. */
export const makeOpenReturn =
  ({ uow, clock, newId, trackingIntervalMs, addressOf }: FollowDeps) =>
  ({ from, ...wanted }: NewReturn, signal?: AbortSignal): Promise<void> =>
    uow.transact(async (repositories) => {
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
          erased: await repositories.shipments.isErased(wanted.customerId),
        },
        now,
      );
      if (await repositories.shipments.createIfAbsent(step.shipment))
        await saveStep(repositories, step, { before: undefined, now, newId, trackingIntervalMs });
    }, signal);

/** The customer asked to be forgotten. Again: nothing. Before their parcels are heard of: those are blanked at their end. */
export const makeEraseCustomer =
  ({ uow }: Pick<FollowDeps, "uow">) =>
  (customerId: string, signal?: AbortSignal): Promise<number> =>
    uow.transact(({ shipments }) => shipments.eraseCustomer(customerId), signal);
