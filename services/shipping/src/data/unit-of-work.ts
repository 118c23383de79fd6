import type { Outbox } from "@tandem/messaging";
import { type Database, makeUnitOfWork } from "@tandem/postgres";
import type { ShippingUnitOfWork } from "../biz/ports.ts";
import { makeShipmentRepository } from "./shipment-repository.ts";

/** @param onDue called after a commit that asks something of a carrier: the worker of this process need not poll for it */
export const makeShippingUnitOfWork = (
  database: Database,
  outbox: Outbox,
  onDue: (inMs: number) => void = () => {},
): ShippingUnitOfWork =>
  makeUnitOfWork(database, (tx) => ({
    shipments: makeShipmentRepository(tx, outbox, onDue),
  }));
