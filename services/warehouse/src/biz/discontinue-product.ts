import { discontinue, emptyStock } from "../model/stock.ts";
import { stockChanged } from "../model/warehouse-events.ts";
import type { TrackProductDeps } from "./track-product.ts";

/**
 * Sells no more pieces of a deleted product: what was promised is kept, what lies there counts as unavailable. Idempotent; before the
 * product is known it leaves a discontinued record, which a late creation does not open again.
 */
export const makeDiscontinueProduct =
  ({ uow, clock }: TrackProductDeps) =>
  ({ productId, sellerId }: { productId: string; sellerId: string }, signal?: AbortSignal): Promise<void> =>
    uow.transact(async ({ stocks, outbox }) => {
      const now = clock.now();
      const gone = discontinue(emptyStock(productId, sellerId, now), now);
      if (await stocks.createIfAbsent(gone)) return outbox.add(stockChanged(gone, now));
      const before = (await stocks.lockByProductIds([productId])).get(productId);
      if (!before) return;
      const after = discontinue(before, now);
      if (after === before) return;
      await stocks.updateProduct(after);
      await outbox.add(stockChanged(after, now));
    }, signal);
