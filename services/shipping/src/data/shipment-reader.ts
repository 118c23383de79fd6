import { defineKeyset, type Orm } from "@tandem/postgres";
import { and, asc, count, eq, or } from "drizzle-orm";
import type { ShipmentCriteria, ShipmentReader } from "../biz/ports.ts";
import { shipmentNotFound } from "../model/errors.ts";
import { shipmentTable as table, trackingEventTable } from "./schema.ts";
import { shipmentFromRow } from "./shipment-row.ts";

const newestFirst = defineKeyset({
  scope: "shipments:created_desc",
  table,
  sort: [{ column: "createdAt", direction: "desc" }],
});

const matching = ({ owner, orderId, sellerId, status, kind }: ShipmentCriteria) =>
  and(
    owner &&
      or(
        owner.customerId ? eq(table.customerId, owner.customerId) : undefined,
        owner.sellerId ? eq(table.sellerId, owner.sellerId) : undefined,
      ),
    orderId ? eq(table.orderId, orderId) : undefined,
    sellerId ? eq(table.sellerId, sellerId) : undefined,
    status ? eq(table.status, status) : undefined,
    kind ? eq(table.kind, kind) : undefined,
  );

export const makeShipmentReader = (orm: Orm): ShipmentReader => ({
  async getById(shipmentId) {
    const [row] = await orm.select().from(table).where(eq(table.id, shipmentId));
    if (!row) throw shipmentNotFound(shipmentId);
    return shipmentFromRow(row);
  },

  async listByCriteria(criteria, { limit, cursor, offset }) {
    // Who is nobody owns nothing: without this, no owner's condition would be everybody's.
    if (criteria.owner && !criteria.owner.customerId && !criteria.owner.sellerId) return { items: [] };
    const page = newestFirst({ limit, cursor });
    const matches = matching(criteria);
    const query = orm
      .select()
      .from(table)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) {
      const { items, nextCursor } = page.finish(await query);
      return { items: items.map(shipmentFromRow), nextCursor };
    }
    const [total] = await orm.select({ n: count() }).from(table).where(matches);
    return { items: page.finish(await query.offset(offset)).items.map(shipmentFromRow), total: total?.n ?? 0 };
  },

  listTracking: (shipmentId) =>
    orm
      .select({
        status: trackingEventTable.status,
        text: trackingEventTable.text,
        place: trackingEventTable.place,
        at: trackingEventTable.at,
      })
      .from(trackingEventTable)
      .where(eq(trackingEventTable.shipmentId, shipmentId))
      .orderBy(asc(trackingEventTable.at)),
});
