import { bigint, boolean, integer, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import type { Address, FulfillmentLine, FulfillmentStatus } from "../model/fulfillment.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });

export const fulfillmentTable = pgTable("fulfillment", {
  id: uuid("id").primaryKey(),
  orderId: uuid("order_id").notNull(),
  sellerId: uuid("seller_id").notNull(),
  customerId: uuid("customer_id").notNull(),
  warehouseCode: text("warehouse_code").notNull(),
  part: integer("part").notNull(),
  moreParts: boolean("more_parts").notNull(),
  status: text("status").$type<FulfillmentStatus>().notNull(),
  lines: jsonb("lines").$type<readonly FulfillmentLine[]>().notNull(),
  shippingAddress: jsonb("shipping_address").$type<Address>().notNull(),
  shipmentId: uuid("shipment_id"),
  weightGrams: integer("weight_grams").notNull(),
  reason: text("reason").notNull(),
  flaggedAt: at("flagged_at"),
  statusSince: at("status_since").notNull(),
  createdAt: timestamp("created_at", { withTimezone: true, precision: 3 }).notNull(),
  updatedAt: at("updated_at").notNull(),
  version: bigint("version", { mode: "bigint" }).notNull(),
  traceparent: text("traceparent"),
});
