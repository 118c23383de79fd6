import type { Platform, WorkerParts } from "@tandem/chassis";
import { newId } from "@tandem/kernel";
import type { z } from "zod";
import { makeCommitReservation } from "../biz/commit-reservation.ts";
import { makeDiscontinueProduct } from "../biz/discontinue-product.ts";
import { makeExpireReservations } from "../biz/expire-reservations.ts";
import { makeReconcileStock } from "../biz/reconcile-stock.ts";
import { makeReleaseReservation } from "../biz/release-reservation.ts";
import { makeReserveStock } from "../biz/reserve-stock.ts";
import { makeShortenReservation } from "../biz/shorten-reservation.ts";
import { makeTakeBack } from "../biz/take-back.ts";
import { makeTrackProduct } from "../biz/track-product.ts";
import type { warehouseWorkerConfig } from "../config/config.ts";
import { makeReconciliationReader } from "../data/reconciliation-reader.ts";
import { makeWarehouseUnitOfWork } from "../data/unit-of-work.ts";
import { reservationExpiry } from "./cron/reservation-expiry.ts";
import { stockReconciliation } from "./cron/stock-reconciliation.ts";
import { onOrderCancelled } from "./event/on-order-cancelled.ts";
import { onOrderConfirmed } from "./event/on-order-confirmed.ts";
import { onOrderCreated } from "./event/on-order-created.ts";
import { onOrderUpdated } from "./event/on-order-updated.ts";
import { onProductCreated } from "./event/on-product-created.ts";
import { onProductDeleted } from "./event/on-product-deleted.ts";
import { onProductUpdated } from "./event/on-product-updated.ts";

export const composeWorker = ({
  database,
  outbox,
  clock,
  metrics,
  config,
}: Platform<z.output<typeof warehouseWorkerConfig>>): WorkerParts => {
  const deps = { uow: makeWarehouseUnitOfWork(database, outbox), clock, newId };
  const reconcileStock = makeReconcileStock({ ...deps, reconciliation: makeReconciliationReader(database) });
  return {
    consumers: [
      onOrderCreated({ reserveStock: makeReserveStock(deps) }),
      onOrderConfirmed({ commitReservation: makeCommitReservation(deps) }),
      onOrderUpdated({ takeBack: makeTakeBack(deps), shortenReservation: makeShortenReservation(deps) }),
      onOrderCancelled({ releaseReservation: makeReleaseReservation(deps) }),
      onProductCreated({ trackProduct: makeTrackProduct(deps) }),
      onProductUpdated({ trackProduct: makeTrackProduct(deps) }),
      onProductDeleted({ discontinueProduct: makeDiscontinueProduct(deps) }),
    ],
    jobs: [
      reservationExpiry({ expireReservations: makeExpireReservations(deps) }),
      stockReconciliation({ reconcileStock, repair: config.STOCK_RECONCILIATION === "repair", metrics }),
    ],
  };
};
