import type { Clock } from "@tandem/kernel";
import { type FulfillmentStatus, flagFulfillment } from "../model/fulfillment.ts";
import type { FulfillmentReader, FulfillmentUnitOfWork } from "./ports.ts";

export interface ScanStaleDeps {
  readonly uow: FulfillmentUnitOfWork;
  readonly fulfillments: FulfillmentReader;
  readonly clock: Clock;
  /** In one status for so long: counted. */
  readonly staleAfterMs: number;
  /** In one status for so long: flagged, once. */
  readonly flagAfterMs: number;
  /** Flagged in one run at most. Default 500. */
  readonly limit?: number;
}

export interface StaleScan {
  readonly stale: Readonly<Partial<Record<FulfillmentStatus, number>>>;
  /** Ids of those flagged by this run. */
  readonly flagged: readonly string[];
}

/** Counts what lies too long and flags what lies so long that a person has to look. The flag goes when the status changes. */
export const makeScanStale =
  ({ uow, fulfillments, clock, staleAfterMs, flagAfterMs, limit = 500 }: ScanStaleDeps) =>
  async (signal?: AbortSignal): Promise<StaleScan> => {
    const now = clock.now();
    const since = (ms: number) => new Date(now.getTime() - ms);
    const stale = await fulfillments.countStale(since(staleAfterMs));
    const flagged: string[] = [];
    for (const { id, statusSince } of await fulfillments.listUnflagged(since(flagAfterMs), limit)) {
      if (signal?.aborted) break;
      await uow.transact(async (repositories) => {
        const before = await repositories.fulfillments.lockById(id);
        // It has moved between the look and the lock.
        if (before.statusSince.getTime() !== statusSince.getTime()) return;
        const after = flagFulfillment(before, now);
        if (after === before) return;
        await repositories.fulfillments.update(after);
        flagged.push(id);
      }, signal);
    }
    return { stale, flagged };
  };
