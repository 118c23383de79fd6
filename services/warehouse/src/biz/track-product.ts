import type { Clock } from "@tandem/kernel";
import type { Stock } from "../model/stock.ts";
import { stockChanged } from "../model/warehouse-events.ts";
import type { WarehouseUnitOfWork } from "./ports.ts";

export interface TrackProductDeps {
  readonly uow: WarehouseUnitOfWork;
  readonly clock: Clock;
}

/** Opens an empty stock record for a new product. Idempotent: an existing record is left as it is. */
export const makeTrackProduct =
  ({ uow, clock }: TrackProductDeps) =>
  (input: { productId: string; sellerId: string }, signal?: AbortSignal): Promise<void> =>
    uow.transact(async ({ stocks, outbox }) => {
      const now = clock.now();
      const empty: Stock = { ...input, onHand: 0, reserved: 0, version: 1n, updatedAt: now };
      if (await stocks.createIfAbsent(empty)) await outbox.add(stockChanged(empty, now));
    }, signal);
