import type { Clock } from "@tandem/kernel";
import { planRelease, type StockChange } from "../model/plan-reservation.ts";
import { withStatus } from "../model/reservation.ts";
import type { Stock } from "../model/stock.ts";
import { stockReleased, type WarehouseEvent } from "../model/warehouse-events.ts";
import { applyStockChange } from "./apply-stock-change.ts";
import type { WarehouseUnitOfWork } from "./ports.ts";

export interface ExpireReservationsDeps {
  readonly uow: WarehouseUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Reservations per transaction, 1 to 1000; default 100. */
  readonly batchSize?: number;
}

/** Releases promises whose time is over, in batches, until none is left or the signal fires. Returns how many. */
export const makeExpireReservations =
  ({ uow, clock, newId, batchSize = 100 }: ExpireReservationsDeps) =>
  async (signal?: AbortSignal): Promise<number> => {
    const expireBatch = () =>
      uow.transact(async (repositories) => {
        const now = clock.now();
        const expired = await repositories.reservations.lockExpired(now, batchSize);
        if (expired.length === 0) return 0;
        const productIds = new Set(expired.flatMap((reservation) => reservation.lines.map((line) => line.productId)));
        const stocks = new Map<string, Stock>(await repositories.stocks.lockByProductIds([...productIds]));
        const changes: StockChange[] = [];
        const events: WarehouseEvent[] = [];
        for (const reservation of expired) {
          const after = withStatus(reservation, "EXPIRED");
          await repositories.reservations.updateStatus(after);
          events.push(stockReleased(after, "EXPIRED", now));
          const change = planRelease(stocks, reservation.lines, { reference: reservation.orderId, at: now, newId });
          for (const stock of change.stocks) stocks.set(stock.productId, stock);
          changes.push(change);
        }
        // One write per product, however many reservations touched it: only the last state counts.
        const touched = new Set(changes.flatMap((change) => change.stocks.map((stock) => stock.productId)));
        const last = [...stocks.values()].filter((stock) => touched.has(stock.productId));
        const movements = changes.flatMap((change) => change.movements);
        await applyStockChange(repositories, { stocks: last, movements }, now, events);
        return expired.length;
      }, signal);

    let released = 0;
    for (let batch = batchSize; batch === batchSize && !signal?.aborted; released += batch) batch = await expireBatch();
    return released;
  };
