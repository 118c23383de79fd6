import type { Shipment, ShipmentStep } from "../model/shipment.ts";
import type { Repositories } from "./ports.ts";

export interface SaveStepContext {
  /** As it is in the table; undefined: it was just created. */
  readonly before: Shipment | undefined;
  readonly now: Date;
  readonly newId: () => string;
  /** From now until a parcel is looked for again. */
  readonly trackingIntervalMs: number;
}

/** Writes what a step changed, asks and announces: in one transaction, or not at all. */
export const saveStep = async (
  { shipments, operations, outbox }: Repositories,
  { shipment, ask, tracking, events }: ShipmentStep,
  { before, now, newId, trackingIntervalMs }: SaveStepContext,
): Promise<Shipment> => {
  if (before && shipment !== before) await shipments.update(shipment);
  if (tracking.length > 0) await shipments.addTracking(shipment.id, tracking);
  if (ask)
    await operations.create({
      id: newId(),
      shipmentId: shipment.id,
      kind: ask,
      delayMs: ask === "TRACK" ? trackingIntervalMs : 0,
      createdAt: now,
    });
  if (events.length > 0) await outbox.add(...events);
  return shipment;
};
