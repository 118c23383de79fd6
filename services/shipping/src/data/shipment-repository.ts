import type { Transaction } from "@tandem/postgres";
import { and, desc, eq } from "drizzle-orm";
import type { ShipmentRepository } from "../biz/ports.ts";
import { shipmentNotFound } from "../model/errors.ts";
import { shipmentTable as table, trackingEventTable } from "./schema.ts";
import { shipmentFromRow, shipmentToRow } from "./shipment-row.ts";

// Whoever opens a shipment for a customer holds this shared, whoever has them forgotten exclusively: none slips through between.
const lockCustomer = (tx: Transaction, customerId: string, mode: "_shared" | "") =>
  tx.client.query(`select pg_advisory_xact_lock${mode}(hashtextextended($1, 6))`, [`shipping customer ${customerId}`]);

const BLANK = `jsonb_build_object('recipient', '', 'line1', '', 'line2', '', 'postalCode', '', 'city', '', 'region', '', 'phone', '')`;

export const makeShipmentRepository = (tx: Transaction): ShipmentRepository => ({
  async lockById(shipmentId) {
    const [row] = await tx.select().from(table).where(eq(table.id, shipmentId)).for("update");
    if (!row) throw shipmentNotFound(shipmentId);
    return shipmentFromRow(row);
  },

  async lockByFulfillmentId(fulfillmentId) {
    const [row] = await tx.select().from(table).where(eq(table.fulfillmentId, fulfillmentId)).for("update");
    return row && shipmentFromRow(row);
  },

  async findSent(orderId, sellerId) {
    const [row] = await tx
      .select()
      .from(table)
      .where(and(eq(table.orderId, orderId), eq(table.sellerId, sellerId), eq(table.kind, "FULFILLMENT")))
      .orderBy(desc(table.id))
      .limit(1);
    return row && shipmentFromRow(row);
  },

  async createIfAbsent(shipment) {
    const created = await tx
      .insert(table)
      .values(shipmentToRow(shipment))
      .onConflictDoNothing()
      .returning({ id: table.id });
    return created.length > 0;
  },

  async update(shipment) {
    const { id, createdAt: _, ...row } = shipmentToRow(shipment);
    await tx.update(table).set(row).where(eq(table.id, id));
  },

  async addTracking(shipmentId, events) {
    await tx
      .insert(trackingEventTable)
      .values(events.map((event) => ({ shipmentId, ...event })))
      .onConflictDoNothing();
  },

  async isErased(customerId) {
    await lockCustomer(tx, customerId, "_shared");
    const { rowCount } = await tx.client.query("select 1 from erased_customer where customer_id = $1", [customerId]);
    return rowCount === 1;
  },

  async eraseCustomer(customerId) {
    await lockCustomer(tx, customerId, "");
    await tx.client.query("insert into erased_customer (customer_id) values ($1) on conflict do nothing", [customerId]);
    // Locked first, by id: what is at its end is read from the rows as they are then, not as they were when a carrier's news came between.
    const { rows } = await tx.client.query<{ id: string; blank: boolean }>(
      `select id, status in ('DELIVERED', 'FAILED', 'CANCELLED') as blank
       from shipment where customer_id = $1 and not erased order by id for update`,
      [customerId],
    );
    const atEnd = rows.filter(({ blank }) => blank).map(({ id }) => id);
    await tx.client.query(
      `update shipment
       set erased = true,
         recipient = case when id = any($2) and kind <> 'RETURN' then recipient || ${BLANK} else recipient end,
         sender = case when id = any($2) and kind = 'RETURN' then sender || ${BLANK} else sender end
       where id = any($1)`,
      [rows.map(({ id }) => id), atEnd],
    );
    const ids = rows.map(({ id }) => id);
    await tx.client.query("delete from label_document where shipment_id = any($1)", [ids]);
    await tx.client.query("update tracking_event set place = '' where shipment_id = any($1)", [ids]);
    return atEnd.length;
  },
});
