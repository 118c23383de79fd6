import type { Clock } from "@tandem/kernel";
import { type Evidence, planRepair } from "../model/drift.ts";
import { applyStockChange } from "./apply-stock-change.ts";
import type { ReconciliationReader, WarehouseUnitOfWork } from "./ports.ts";

export interface ReconcileStockDeps {
  readonly uow: WarehouseUnitOfWork;
  readonly reconciliation: Pick<ReconciliationReader, "listDiffering">;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Drifts looked at in one run, 1 to 10 000; default 1000. */
  readonly limit?: number;
}

export interface Reconciliation {
  readonly found: readonly Evidence[];
  readonly repaired: number;
}

/**
 * Compares what the stock rows say with what their ledger adds up to and what orders hold, and keeps what differs for people to see.
 * With `repair` it also mends it, a product a transaction: looked at again behind the stock's lock, so that nothing in flight is
 * taken for a drift. What cannot be mended stays open with a note.
 */
export const makeReconcileStock =
  ({ uow, reconciliation, clock, newId, limit = 1000 }: ReconcileStockDeps) =>
  async ({ repair }: { readonly repair: boolean }, signal?: AbortSignal): Promise<Reconciliation> => {
    const found = await reconciliation.listDiffering(limit);
    const productIds = found.map(({ productId }) => productId);
    await uow.transact(async ({ drifts }) => {
      const now = clock.now();
      await drifts.record(found, newId, now);
      if (found.length < limit) await drifts.endOthers(productIds, now);
    }, signal);

    const mend = (productId: string): Promise<boolean> =>
      uow.transact(async (repositories) => {
        const now = clock.now();
        const stock = (await repositories.stocks.lockByProductIds([productId])).get(productId);
        const plan = planRepair(stock, await repositories.evidence.getEvidence(productId), { at: now, newId });
        if (plan.kind === "impossible") await repositories.drifts.note(productId, plan.note);
        if (plan.kind === "fine") await repositories.drifts.end(productId, "GONE", now);
        if (plan.kind !== "repair") return false;
        await applyStockChange(repositories, plan.change, now);
        await repositories.drifts.end(productId, "REPAIRED", now);
        return true;
      }, signal);

    let repaired = 0;
    for (const productId of repair ? productIds : []) {
      if (signal?.aborted) break;
      if (await mend(productId)) repaired += 1;
    }
    return { found, repaired };
  };
