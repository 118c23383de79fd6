import type { ApiParts, Platform } from "@tandem/chassis";
import { WarehouseService } from "@tandem/contracts/warehouse";
import { newId } from "@tandem/kernel";
import { registerService } from "@tandem/rpc";
import type { z } from "zod";
import { makeAdjustStock } from "../biz/adjust-stock.ts";
import { makeReconcileStock } from "../biz/reconcile-stock.ts";
import { makeReleaseReservation } from "../biz/release-reservation.ts";
import { makeReserveStock } from "../biz/reserve-stock.ts";
import type { warehouseApiConfig } from "../config/config.ts";
import { makeDriftReader } from "../data/drift-repository.ts";
import { makeMovementReader } from "../data/movement-reader.ts";
import { makeReconciliationReader } from "../data/reconciliation-reader.ts";
import { makeReservationReader } from "../data/reservation-reader.ts";
import { makeStockReader } from "../data/stock-reader.ts";
import { makeWarehouseUnitOfWork } from "../data/unit-of-work.ts";
import { makeWarehouseHandlers } from "../service/warehouse-handlers.ts";

export const composeApi = ({
  database,
  outbox,
  clock,
  config,
}: Platform<z.output<typeof warehouseApiConfig>>): ApiParts => {
  const deps = { uow: makeWarehouseUnitOfWork(database, outbox), clock, newId };
  const handlers = makeWarehouseHandlers({
    stocks: makeStockReader(database.orm),
    reservations: makeReservationReader(database.orm),
    movements: makeMovementReader(database.orm),
    drifts: makeDriftReader(database.orm),
    adjustStock: makeAdjustStock(deps),
    reserveStock: makeReserveStock(deps),
    releaseReservation: makeReleaseReservation(deps),
    reconcileStock: makeReconcileStock({ ...deps, reconciliation: makeReconciliationReader(database) }),
    clock,
    reservationTtlMs: config.RESERVATION_TTL_MS,
  });
  return { services: [registerService(WarehouseService, handlers)] };
};
