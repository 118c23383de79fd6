import type { Clock } from "@tandem/kernel";
import { dormantBefore } from "../model/segment.ts";
import type { CustomerReader, CustomerUnitOfWork } from "./ports.ts";
import { resegment } from "./save-customer.ts";

export interface FindDormantDeps {
  readonly uow: CustomerUnitOfWork;
  readonly customers: CustomerReader;
  readonly clock: Clock;
  /** Customers looked at in one read, 1 to 1000; default 200. */
  readonly batchSize?: number;
}

const FIRST = "00000000-0000-0000-0000-000000000000";

/**
 * Moves customers who have not ordered for half a year to `dormant`: of all segments the only one that time alone brings about.
 * One transaction each, so that a run that is stopped keeps what it has done. Returns how many moved.
 */
export const makeFindDormant =
  ({ uow, customers, clock, batchSize = 200 }: FindDormantDeps) =>
  async (signal?: AbortSignal): Promise<number> => {
    let moved = 0;
    let after = FIRST;
    while (!signal?.aborted) {
      const now = clock.now();
      const batch = await customers.listFallingAsleep(dormantBefore(now), after, batchSize);
      for (const customerId of batch) {
        if (signal?.aborted) break;
        const changed = await uow.transact(
          async (repositories) => resegment(repositories, await repositories.orders.lockStatistics(customerId), now),
          signal,
        );
        if (changed) moved += 1;
      }
      if (batch.length < batchSize) break;
      after = batch.at(-1) ?? after;
    }
    return moved;
  };
