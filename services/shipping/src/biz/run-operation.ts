import type { Clock } from "@tandem/kernel";
import { carriersUnavailable, carrierUnknown } from "../model/errors.ts";
import type { OperationKind, OperationOutcome } from "../model/operation.ts";
import { chooseRate } from "../model/rate.ts";
import { applyOutcome, type Shipment } from "../model/shipment.ts";
import type { CarrierPort, HeldOperation, ShippingUnitOfWork, StepStore, StepToSave } from "./ports.ts";
import type { makeQuoteRates } from "./quote-rates.ts";
import { nextOf } from "./save-step.ts";

const TOO_LATE = "the carrier says it is too late";

export interface AskCarrierDeps {
  readonly carriers: readonly CarrierPort[];
  readonly quoteRates: ReturnType<typeof makeQuoteRates>;
}

/**
 * Asks the shipment's carrier, outside of any transaction. A booking that may have been made is looked for before it is made; which carrier
 * was chosen is written down before, so that it is looked for at the right one.
 */
export const makeAskCarrier = ({ carriers, quoteRates }: AskCarrierDeps) => {
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
    { id, uncertain, shipment }: HeldOperation,
    signal: AbortSignal,
  ): Promise<OperationOutcome> => {
    const known = uncertain ? await carrier.findBooking(id, signal) : undefined;
    return known ?? carrier.book(id, shipment.carrierService, shipment, signal);
  };
  return async (operation: HeldOperation, signal: AbortSignal): Promise<OperationOutcome> => {
    const kind = operation.kind as OperationKind;
    const { shipment } = operation;
    const { trackingNumber } = shipment;
    if (kind === "RATE") return rate(shipment, signal);
    const carrier = carriers.find(({ code }) => code === shipment.carrier);
    if (!carrier) throw carrierUnknown(shipment.carrier);
    switch (kind) {
      case "BOOK":
        return book(carrier, operation, signal);
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
  readonly steps: StepStore;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly trackingIntervalMs: number;
  /** How long what follows is left to a worker that goes on with it and may have died. */
  readonly leaseMs: number;
}

/** Committed, and the next thing to ask the carrier is in the same hands already. */
export interface HandedOnOperation {
  readonly outcome: "done";
  readonly next: HeldOperation;
}

/**
 * Commits what came of an operation, with the shipment, what it asks next and the event, under the operation's token. Decided on the shipment
 * as it was claimed; when somebody changed it meanwhile, once more on the locked row. What is to be asked at once goes on in the same hands.
 */
export const makeCommitOperation = ({ uow, steps, clock, leaseMs, ...asking }: CommitOperationDeps) => {
  const decide = (operation: HeldOperation, outcome: OperationOutcome, before: Shipment): StepToSave => {
    const { id, token } = operation;
    const kind = operation.kind as OperationKind;
    const now = clock.now();
    const step = applyOutcome(before, kind, outcome, now);
    // A parcel that is still on its way: the same operation once more.
    if (kind === "TRACK" && step.ask === "TRACK")
      return { ...step, before, from: { id, token, againInMs: asking.trackingIntervalMs } };
    const next = nextOf(step, { ...asking, now });
    const held = next && next.delayMs === 0 ? { ...next, held: true, delayMs: leaseMs } : next;
    return { ...step, before, from: { id, token, outcome }, next: held };
  };

  const handOn = (
    { ownerId, traceparent }: HeldOperation,
    { shipment, next }: StepToSave,
  ): "done" | HandedOnOperation => {
    if (!next?.held) return "done";
    const { id, kind, createdAt } = next;
    // As a first claim would find it.
    const first = { token: 1n, attempt: 1, uncertain: false };
    return { outcome: "done", next: { ...first, id, kind, createdAt, ownerId, traceparent, shipment } };
  };

  return async (
    operation: HeldOperation,
    outcome: OperationOutcome,
    signal: AbortSignal,
  ): Promise<"done" | "stale" | HandedOnOperation> => {
    const step = decide(operation, outcome, operation.shipment);
    if (await steps.save(step)) return handOn(operation, step);
    const { id, ownerId, token } = operation;
    const redecided = await uow.transact(async ({ shipments }) => {
      const before = await shipments.lockHeld(ownerId, id, token);
      if (!before) return undefined;
      const again = decide(operation, outcome, before);
      if (!(await shipments.save(again))) throw new Error("a locked shipment has changed");
      return again;
    }, signal);
    return redecided ? handOn(operation, redecided) : "stale";
  };
};
