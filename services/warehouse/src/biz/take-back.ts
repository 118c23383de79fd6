import { AppError, type Clock } from "@tandem/kernel";
import { stockNotFound } from "../model/errors.ts";
import { planReturn } from "../model/plan-reservation.ts";
import { mergeLines, type ReservationLine } from "../model/reservation.ts";
import { applyStockChange } from "./apply-stock-change.ts";
import type { WarehouseUnitOfWork } from "./ports.ts";

export interface TakeBackDeps {
  readonly uow: WarehouseUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface TakeBackInput {
  readonly returnId: string;
  readonly orderId: string;
  readonly lines: readonly ReservationLine[];
}

/**
 * Puts what a customer sent back on the shelf, once per return, with a movement for each product.
 * @throws AppError `warehouse.stock_not_found`, retryable: the product's creation may arrive later
 */
export const makeTakeBack =
  ({ uow, clock, newId }: TakeBackDeps) =>
  ({ returnId, orderId, lines }: TakeBackInput, signal?: AbortSignal): Promise<void> =>
    uow.transact(async (repositories) => {
      const now = clock.now();
      if (!(await repositories.returns.createIfAbsent({ returnId, orderId, at: now }))) return;
      const merged = mergeLines(lines);
      const stocks = await repositories.stocks.lockByProductIds(merged.map(({ productId }) => productId));
      const missing = merged.find(({ productId }) => !stocks.has(productId));
      if (missing) {
        const { kind, code, message, details } = stockNotFound(missing.productId);
        throw new AppError(kind, code, message, { retryable: true, details });
      }
      await applyStockChange(repositories, planReturn(stocks, merged, { reference: returnId, at: now, newId }), now);
    }, signal);
