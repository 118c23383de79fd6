import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { Metrics } from "@tandem/runtime";
import type { makeReconcileStock } from "../../biz/reconcile-stock.ts";

export interface StockReconciliationDeps {
  readonly reconcileStock: ReturnType<typeof makeReconcileStock>;
  readonly metrics: Metrics;
}

/** Every night: compares stock with its ledger. A drift is logged as an error, counted, and left for a person. */
export const stockReconciliation = ({ reconcileStock, metrics }: StockReconciliationDeps): CronJob => {
  const drifts = metrics.gauge({
    name: "tandem_warehouse_stock_drifts",
    help: "Products whose stock differs from its ledger, as of the last reconciliation",
  });
  return defineCronJob({
    name: "warehouse.stock-reconciliation",
    description: "Compares stock with the sum of its movements",
    schedule: "0 15 3 * * *",
    timeoutMs: 600_000,
    run: async ({ log }) => {
      const found = await reconcileStock();
      drifts.set(found.length);
      for (const drift of found) log.error({ drift }, "stock differs from its ledger");
      return { drifts: found.length };
    },
  });
};
