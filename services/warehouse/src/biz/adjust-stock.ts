import type { Clock } from "@tandem/kernel";
import { stockNotFound } from "../model/errors.ts";
import type { MovementKind } from "../model/movement.ts";
import { adjust, emptyStock, type Stock } from "../model/stock.ts";
import { applyStockChange } from "./apply-stock-change.ts";
import type { WarehouseUnitOfWork } from "./ports.ts";

export interface AdjustStockDeps {
  readonly uow: WarehouseUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface AdjustStockInput {
  readonly productId: string;
  /** Needed once, for a product that has no record yet. */
  readonly sellerId?: string | undefined;
  /** Pieces that came (positive) or went (negative). */
  readonly delta: number;
  readonly reason: string;
}

/**
 * Records a delivery, a count or a loss, and announces the new availability.
 * @throws AppError `warehouse.stock_not_found` for a new product without a seller, `warehouse.insufficient_stock`
 */
export const makeAdjustStock =
  ({ uow, clock, newId }: AdjustStockDeps) =>
  (input: AdjustStockInput, signal?: AbortSignal): Promise<Stock> =>
    uow.transact(async (repositories) => {
      const now = clock.now();
      const { productId, sellerId, delta } = input;
      let before = (await repositories.stocks.lockByProductIds([productId])).get(productId);
      if (!before) {
        if (!sellerId) throw stockNotFound(productId);
        await repositories.stocks.createIfAbsent({ ...emptyStock(productId, sellerId, now), version: 0n });
        before = (await repositories.stocks.lockByProductIds([productId])).get(productId);
        if (!before) throw stockNotFound(productId);
      }
      const after = adjust(before, delta, now);
      const kind: MovementKind = delta > 0 ? "RECEIPT" : "ADJUSTMENT";
      const movement = {
        id: newId(),
        productId,
        kind,
        onHandDelta: delta,
        reservedDelta: 0,
        reference: input.reason,
        at: now,
      };
      await applyStockChange(repositories, { stocks: [after], movements: [movement] }, now);
      return after;
    }, signal);
