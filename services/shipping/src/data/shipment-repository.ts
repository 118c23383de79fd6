import type { Transaction } from "@tandem/postgres";
import { currentTraceparent } from "@tandem/runtime";
import { and, desc, eq } from "drizzle-orm";
import type { NewOperation, ShipmentRepository } from "../biz/ports.ts";
import { shipmentNotFound } from "../model/errors.ts";
import { eraseCustomer } from "./erase-customer.ts";
import { shipmentTable as table } from "./schema.ts";
import { SHIPMENT_COLUMNS, selectShipment, shipmentFromRow, shipmentFromSql, shipmentToJson } from "./shipment-row.ts";
import { ASK, askToJson, traced, type Written, writeSteps } from "./write-steps.ts";

const LOCK = `select ${selectShipment("s")} from shipment s`;

const OPEN = `
  with opened as (
    insert into shipment (${SHIPMENT_COLUMNS.join(", ")})
    select ${SHIPMENT_COLUMNS.join(", ")}
    from jsonb_populate_record(null::shipment, $1::jsonb || jsonb_build_object('erased', customer_is_erased($2::uuid)))
    on conflict do nothing
    returning id, erased
  ), asked as (${ASK} from opened, jsonb_to_record($3::jsonb) as
    a(ask_id uuid, ask_kind text, ask_in_ms float8, ask_tries int, ask_created_at timestamptz, ask_traceparent text)
    where ask_id is not null
  )
  select erased from opened`;

/** @param onDue called after the commit of a transaction that asked something of a carrier: due in so many milliseconds */
export const makeShipmentRepository = (tx: Transaction, onDue: (inMs: number) => void): ShipmentRepository => {
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
      const { rows } = await tx.client.query<{ erased: boolean }>({
        name: "shipment open",
        text: OPEN,
        values: [
          JSON.stringify(shipmentToJson(shipment)),
          shipment.customerId,
          JSON.stringify(askToJson(next, currentTraceparent())),
        ],
      });
      if (!rows[0]) return undefined;
      tellOf(next);
      return { ...shipment, erased: rows[0].erased };
    },

    async save(step) {
      const mine = traced(step);
      const written = (await writeSteps((query) => tx.client.query<Written>(query), [mine])).has(mine);
      if (written) tellOf(step.next);
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
