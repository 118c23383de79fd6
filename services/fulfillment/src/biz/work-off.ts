import type { Clock } from "@tandem/kernel";
import { confirmPick, type Fulfillment, type Missing, type PickedPieces, startPicking } from "../model/fulfillment.ts";
import { statusChanged } from "../model/fulfillment-events.ts";
import { savePacked } from "./change-fulfillment.ts";
import type { FulfillmentUnitOfWork } from "./ports.ts";

/** What a crew takes up in one round. */
export const CREW_BATCH = 20;

export interface WorkOffDeps {
  readonly uow: FulfillmentUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
  /** How long a piece of work lies before the crew takes it up. */
  readonly delayMs: number;
  /** Fulfillments of one transaction. Default {@link CREW_BATCH}. */
  readonly batchSize?: number;
}

/** A first part whose product's SKU says so is found one piece short: for demonstrations and tests of partial parcels. */
const misses = ({ sku }: { readonly sku: string }): Missing | undefined => {
  if (sku.includes("BACKORDER")) return "BACKORDER";
  return sku.includes("SHORT") ? "SHORT" : undefined;
};

const find = (fulfillment: Fulfillment): { picks: PickedPieces[]; missing: Missing | undefined } => {
  const missing = fulfillment.part > 1 ? [] : fulfillment.lines.map(misses);
  const picks = fulfillment.lines.map(({ productId, quantity }, at) => ({
    productId,
    picked: missing[at] ? quantity - 1 : quantity,
  }));
  const first = missing.find((one) => one !== undefined);
  // Nothing at all was found, so there is nothing to send ahead.
  return { picks, missing: picks.every(({ picked }) => picked === 0) ? first && "SHORT" : first };
};

/** Grams: what a crew without scales writes down. */
const weightOf = ({ lines }: Fulfillment): number => lines.reduce((sum, { picked }) => sum + picked * 400, 150);

/**
 * One round of the simulated crew: takes up what has waited long enough, picks it and packs it, in one visit that announces both. Rows that
 * somebody else holds are passed by. A round is one transaction, so a crew that dies half-way is followed by another. Returns how much was done.
 */
export const makeWorkOff =
  ({ uow, clock, newId, delayMs, batchSize = CREW_BATCH }: WorkOffDeps) =>
  (signal?: AbortSignal): Promise<number> =>
    uow.transact(async (repositories) => {
      const now = clock.now();
      const due = await repositories.fulfillments.lockDue(new Date(now.getTime() - delayMs), batchSize);
      for (const before of due) {
        const picking = startPicking(before, now);
        if (picking !== before) await repositories.outbox.add(statusChanged(picking, before.status, now));
        const { picks, missing } = find(picking);
        const picked = confirmPick(picking, picks, now);
        await savePacked(repositories, picked, { weightGrams: weightOf(picked), missing }, newId, now);
      }
      return due.length;
    }, signal);
