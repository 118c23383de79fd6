import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { Metrics } from "@tandem/runtime";
import type { makeReconcileStock } from "../../biz/reconcile-stock.ts";

export interface StockReconciliationDeps {
  readonly reconcileStock: ReturnType<typeof makeReconcileStock>;
  /** Whether drifts are mended, or shown to people only. */
  readonly repair: boolean;
  readonly metrics: Metrics;
}

/** Every night: compares stock with its ledger. A drift is logged as an error, counted, kept, and mended where that is wanted. */
export const stockReconciliation = ({ reconcileStock, repair, metrics }: StockReconciliationDeps): CronJob => {
  const drifts = metrics.gauge({
    name: "tandem_warehouse_stock_drifts",
    help: "Products whose stock differs from its ledger and was not repaired, as of the last reconciliation",
  });
  const repairs = metrics.counter({
    name: "tandem_warehouse_stock_repairs_total",
    help: "Products whose stock was brought back to its ledger",
  });
  return defineCronJob({
    name: "warehouse.stock-reconciliation",
    description: "Compares stock with the sum of its movements",
    schedule: "0 15 3 * * *",
    timeoutMs: 600_000,
    run: async ({ log, signal }) => {
      const { found, repaired } = await reconcileStock({ repair }, signal);
      drifts.set(found.length - repaired);
      repairs.inc(repaired);
      for (const drift of found) log.error({ drift, repair }, "stock differs from its ledger");
      return { drifts: found.length, repaired };
    },
  });
};
