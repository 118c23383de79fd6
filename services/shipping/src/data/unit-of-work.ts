import type { Outbox } from "@tandem/messaging";
import { type Database, makeUnitOfWork } from "@tandem/postgres";
import type { ShippingUnitOfWork } from "../biz/ports.ts";
import { toOutgoingEvent } from "../events/to-outgoing-event.ts";
import { makeShipmentRepository } from "./shipment-repository.ts";

/** @param onDue called after a commit that asks something of a carrier: the worker of this process need not poll for it */
export const makeShippingUnitOfWork = (
  database: Database,
  outbox: Outbox,
  onDue: (inMs: number) => void = () => {},
): ShippingUnitOfWork =>
  makeUnitOfWork(database, (tx) => ({
    shipments: makeShipmentRepository(tx, onDue),
    outbox: { add: (...events) => outbox.in(tx).add(...events.map(toOutgoingEvent)) },
  }));
