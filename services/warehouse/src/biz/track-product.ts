import type { Clock } from "@tandem/kernel";
import { emptyStock, ownedBy } from "../model/stock.ts";
import { stockChanged } from "../model/warehouse-events.ts";
import type { WarehouseUnitOfWork } from "./ports.ts";

export interface TrackProductDeps {
  readonly uow: WarehouseUnitOfWork;
  readonly clock: Clock;
}

/**
 * Opens an empty stock record for a product, or gives the one that a delivery has opened to the seller whose product it is.
 * Idempotent: a record that is right is left as it is.
 */
export const makeTrackProduct =
  ({ uow, clock }: TrackProductDeps) =>
  ({ productId, sellerId }: { productId: string; sellerId: string }, signal?: AbortSignal): Promise<void> =>
    uow.transact(async ({ stocks, outbox }) => {
      const now = clock.now();
      const empty = emptyStock(productId, sellerId, now);
      if (await stocks.createIfAbsent(empty)) return outbox.add(stockChanged(empty, now));
      const before = (await stocks.lockByProductIds([productId])).get(productId);
      if (!before) return;
      const after = ownedBy(before, sellerId, now);
      if (after === before) return;
      await stocks.updateProduct(after);
      await outbox.add(stockChanged(after, now));
    }, signal);
