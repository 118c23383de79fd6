import type { Shipment, ShipmentStep } from "../model/shipment.ts";
import type { NewOperation, Repositories } from "./ports.ts";

export interface AskContext {
  readonly now: Date;
  readonly newId: () => string;
  /** From now until a parcel is looked for again. */
  readonly trackingIntervalMs: number;
}

/** The operation that a step leads to, for any worker. */
export const nextOf = (
  { ask }: ShipmentStep,
  { now, newId, trackingIntervalMs }: AskContext,
): NewOperation | undefined =>
  ask && { id: newId(), kind: ask, delayMs: ask === "TRACK" ? trackingIntervalMs : 0, held: false, createdAt: now };

/** Writes what a step changed of a locked shipment, asks and announces: in one transaction, or not at all. */
export const saveStep = async (
  { shipments }: Repositories,
  before: Shipment,
  step: ShipmentStep,
  context: AskContext,
): Promise<Shipment> => {
  const { shipment, tracking, ask } = step;
  if (shipment !== before || ask || tracking.length > 0) {
    const written = await shipments.save({ ...step, before, next: nextOf(step, context) });
    if (!written) throw new Error("a locked shipment has changed");
  }
  return shipment;
};
