import type { Clock } from "@tandem/kernel";
import { carriersUnavailable, carrierUnknown } from "../model/errors.ts";
import type { OperationKind, OperationOutcome } from "../model/operation.ts";
import { chooseRate } from "../model/rate.ts";
import { applyOutcome, type Shipment } from "../model/shipment.ts";
import type { CarrierPort, HeldOperation, ShipmentReader, ShippingUnitOfWork } from "./ports.ts";
import type { makeQuoteRates } from "./quote-rates.ts";
import { saveStep } from "./save-step.ts";

const TOO_LATE = "the carrier says it is too late";

export interface AskCarrierDeps {
  readonly shipments: Pick<ShipmentReader, "getById">;
  readonly carriers: readonly CarrierPort[];
  readonly quoteRates: ReturnType<typeof makeQuoteRates>;
}

/**
 * Asks the shipment's carrier, outside of any transaction. A booking that may have been made is looked for before it is made; which carrier
 * was chosen is written down before, so that it is looked for at the right one.
 */
export const makeAskCarrier = ({ shipments, carriers, quoteRates }: AskCarrierDeps) => {
  const rate = async (shipment: Shipment, signal: AbortSignal): Promise<OperationOutcome> => {
    const { rates, unavailable } = await quoteRates(shipment, signal);
    const chosen = chooseRate(rates, shipment.serviceLevel, shipment.refusedBy);
    if (chosen) return { type: "rated", rate: chosen };
    // Somebody who did not answer might take it.
    if (unavailable.length > 0) throw carriersUnavailable();
    return { type: "refused", text: "no carrier takes it there" };
  };
  const book = async (
    carrier: CarrierPort,
    shipment: Shipment,
    { id, uncertain }: HeldOperation,
    signal: AbortSignal,
  ): Promise<OperationOutcome> => {
    const known = uncertain ? await carrier.findBooking(id, signal) : undefined;
    return known ?? carrier.book(id, shipment.carrierService, shipment, signal);
  };
  return async (operation: HeldOperation, signal: AbortSignal): Promise<OperationOutcome> => {
    const kind = operation.kind as OperationKind;
    const { ownerId, trackingNumber } = operation;
    if (kind === "RATE") return rate(await shipments.getById(ownerId), signal);
    const carrier = carriers.find(({ code }) => code === operation.carrier);
    if (!carrier) throw carrierUnknown(operation.carrier);
    switch (kind) {
      case "BOOK":
        return book(carrier, await shipments.getById(ownerId), operation, signal);
      case "LABEL":
        return { type: "labelled", label: await carrier.label(trackingNumber, signal) };
      case "PICKUP":
        return (await carrier.pickUp(trackingNumber, signal))
          ? { type: "picked_up" }
          : { type: "refused", text: "the carrier did not fetch it" };
      case "TRACK":
        return { type: "tracked", events: await carrier.track(trackingNumber, signal) };
      case "CANCEL":
        return (await carrier.cancel(trackingNumber, signal))
          ? { type: "cancelled" }
          : { type: "refused", text: TOO_LATE };
    }
  };
};

export interface CommitOperationDeps {
  readonly uow: ShippingUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly trackingIntervalMs: number;
}

class StaleLease extends Error {}

/** Commits what came of an operation, with the shipment, what it asks next and the event, under the operation's token. */
export const makeCommitOperation =
  ({ uow, clock, newId, trackingIntervalMs }: CommitOperationDeps) =>
  async (operation: HeldOperation, outcome: OperationOutcome, signal: AbortSignal): Promise<"done" | "stale"> => {
    const { id, token, ownerId } = operation;
    const kind = operation.kind as OperationKind;
    try {
      await uow.transact(async (repositories) => {
        const before = await repositories.shipments.lockById(ownerId);
        const now = clock.now();
        const step = applyOutcome(before, kind, outcome, now);
        const goesOn = kind === "TRACK" && step.ask === "TRACK";
        const held = goesOn
          ? await repositories.operations.again(id, token, trackingIntervalMs)
          : await repositories.operations.finish(id, token, outcome);
        if (!held) throw new StaleLease();
        const { ask, ...rest } = step;
        await saveStep(repositories, goesOn ? rest : step, { before, now, newId, trackingIntervalMs });
      }, signal);
      return "done";
    } catch (error) {
      if (error instanceof StaleLease) return "stale";
      throw error;
    }
  };
