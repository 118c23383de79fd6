import type { Clock } from "@tandem/kernel";
import { confirmPick, type Fulfillment, type Missing, type PickedPieces, startPicking } from "../model/fulfillment.ts";
import { savePacked, saveStep } from "./change-fulfillment.ts";
import type { FulfillmentUnitOfWork } from "./ports.ts";

export interface WorkOffDeps {
  readonly uow: FulfillmentUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
  /** How long a piece of work lies before the crew takes it up. */
  readonly delayMs: number;
  /** Fulfillments of one transaction. Default 20. */
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
 * One round of the simulated crew: takes up what has waited long enough, picks it and packs it. Rows that somebody else holds are passed
 * by. Pick and pack of one row are each one step, so a crew that dies half-way is followed by another. Returns how much was done.
 */
export const makeWorkOff =
  ({ uow, clock, newId, delayMs, batchSize = 20 }: WorkOffDeps) =>
  (signal?: AbortSignal): Promise<number> =>
    uow.transact(async (repositories) => {
      const now = clock.now();
      const due = await repositories.fulfillments.lockDue(new Date(now.getTime() - delayMs), batchSize);
      for (const before of due) {
        if (before.status === "PENDING") {
          await saveStep(repositories, before, startPicking(before, now), now);
          continue;
        }
        const { picks, missing } = find(before);
        const picked = confirmPick(before, picks, now);
        await savePacked(repositories, picked, { weightGrams: weightOf(picked), missing }, newId, now);
      }
      return due.length;
    }, signal);
