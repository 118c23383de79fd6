import type { StockChange } from "../model/plan-reservation.ts";
import { stockChanged, type WarehouseEvent } from "../model/warehouse-events.ts";
import type { Repositories } from "./ports.ts";

/** Writes stock, its ledger, `stock.changed` for each product and the events that led to it: they never part. */
export const applyStockChange = async (
  { stocks, movements, outbox }: Repositories,
  change: StockChange,
  at: Date,
  causes: readonly WarehouseEvent[] = [],
): Promise<void> => {
  if (change.stocks.length > 0) {
    await stocks.updateQuantities(change.stocks);
    await movements.createMany(change.movements);
  }
  await outbox.add(...causes, ...change.stocks.map((stock) => stockChanged(stock, at)));
};
