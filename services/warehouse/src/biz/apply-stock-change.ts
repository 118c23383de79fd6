import type { StockChange } from "../model/plan-reservation.ts";
import { stockChanged } from "../model/warehouse-events.ts";
import type { Repositories } from "./ports.ts";

/** Writes stock, its ledger and `stock.changed` for each product: the three never part. */
export const applyStockChange = async (
  { stocks, movements, outbox }: Repositories,
  change: StockChange,
  at: Date,
): Promise<void> => {
  if (change.stocks.length === 0) return;
  await stocks.updateQuantities(change.stocks);
  await movements.createMany(change.movements);
  await outbox.add(...change.stocks.map((stock) => stockChanged(stock, at)));
};
