import type { Outbox } from "@tandem/messaging";
import { type Database, makeUnitOfWork } from "@tandem/postgres";
import type { WarehouseUnitOfWork } from "../biz/ports.ts";
import { toOutgoingEvent } from "../events/to-outgoing-event.ts";
import { makeDriftRepository, makeReturnRepository } from "./drift-repository.ts";
import { makeMovementRepository } from "./movement-repository.ts";
import { makeReconciliationReader } from "./reconciliation-reader.ts";
import { makeReservationRepository } from "./reservation-repository.ts";
import { makeStockRepository } from "./stock-repository.ts";

export const makeWarehouseUnitOfWork = (database: Database, outbox: Outbox): WarehouseUnitOfWork =>
  makeUnitOfWork(database, (tx) => ({
    stocks: makeStockRepository(tx),
    reservations: makeReservationRepository(tx),
    movements: makeMovementRepository(tx),
    drifts: makeDriftRepository(tx),
    returns: makeReturnRepository(tx),
    evidence: makeReconciliationReader(tx.client),
    outbox: { add: (...events) => outbox.in(tx).add(...events.map(toOutgoingEvent)) },
  }));
