import type { Outbox } from "@tandem/messaging";
import type { Transaction } from "@tandem/postgres";
import { and, desc, eq } from "drizzle-orm";
import type { NewOperation, ShipmentRepository } from "../biz/ports.ts";
import { shipmentNotFound } from "../model/errors.ts";
import { eraseCustomer } from "./erase-customer.ts";
import { openQuery } from "./open-shipment.ts";
import { shipmentTable as table } from "./schema.ts";
import { selectShipment, shipmentFromRow, shipmentFromSql } from "./shipment-row.ts";
import { traced, type Written, writeSteps } from "./write-steps.ts";

const LOCK = `select ${selectShipment("s")} from shipment s`;

/** @param onDue called after the commit of a transaction that asked something of a carrier: due in so many milliseconds */
export const makeShipmentRepository = (
  tx: Transaction,
  outbox: Outbox,
  onDue: (inMs: number) => void,
): ShipmentRepository => {
  const tellOf = (next: NewOperation | undefined): void => {
    if (next && !next.held) tx.afterCommit(() => onDue(next.delayMs));
  };
  const lock = async (name: string, condition: string, values: readonly unknown[]) => {
    const { rows } = await tx.client.query<Record<string, unknown>>({
      name: `shipment lock by ${name}`,
      text: `${LOCK} ${condition}`,
      values: [...values],
    });
    return rows[0] && shipmentFromSql(rows[0]);
  };
  return {
    async lockById(shipmentId) {
      const found = await lock("id", "where s.id = $1 for update", [shipmentId]);
      if (!found) throw shipmentNotFound(shipmentId);
      return found;
    },

    lockHeld: (shipmentId, operationId, token) =>
      lock(
        "held operation",
        `join operation o on o.shipment_id = s.id
         where s.id = $1 and o.id = $2 and o.token = $3 and o.status = 'OPEN' for update of s, o`,
        [shipmentId, operationId, token.toString()],
      ),

    lockByFulfillmentId: (fulfillmentId) =>
      lock("fulfillment", "where s.fulfillment_id = $1 for update", [fulfillmentId]),

    async findSent(orderId, sellerId) {
      const [row] = await tx
        .select()
        .from(table)
        .where(and(eq(table.orderId, orderId), eq(table.sellerId, sellerId), eq(table.kind, "FULFILLMENT")))
        .orderBy(desc(table.id))
        .limit(1);
      return row && shipmentFromRow(row);
    },

    async open(shipment, next) {
      const { rows } = await tx.client.query<{ erased: boolean }>(openQuery(shipment, next));
      if (!rows[0]) return undefined;
      tellOf(next);
      return { ...shipment, erased: rows[0].erased };
    },

    async save(step) {
      const mine = traced(step, outbox);
      const written = (await writeSteps((query) => tx.client.query<Written>(query), [mine])).has(mine);
      if (written) tellOf(step.next);
      if (written && mine.rows.length > 0) tx.afterCommit(outbox.wake);
      return written;
    },

    async isErased(customerId) {
      const { rows } = await tx.client.query<{ erased: boolean }>("select customer_is_erased($1) as erased", [
        customerId,
      ]);
      return rows[0]?.erased === true;
    },

    eraseCustomer: (customerId) => eraseCustomer(tx, customerId),
  };
};
