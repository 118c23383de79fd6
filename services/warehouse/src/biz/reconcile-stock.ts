import type { Drift, ReconciliationReader } from "./ports.ts";

export interface ReconcileStockDeps {
  readonly reconciliation: ReconciliationReader;
  /** Drifts reported in one run, 1 to 10 000; default 1000. */
  readonly limit?: number;
}

/**
 * Compares what the stock rows say with what their ledger adds up to. It reports and does not repair: a drift is a
 * bug, and the person who looks at it needs both numbers as they are.
 */
export const makeReconcileStock =
  ({ reconciliation, limit = 1000 }: ReconcileStockDeps) =>
  (): Promise<readonly Drift[]> =>
    reconciliation.listDrifts(limit);
