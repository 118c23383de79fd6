import { bigint, boolean, char, integer, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import type { Address } from "../model/address.ts";
import type { ServiceLevel } from "../model/rate.ts";
import type { Shipment, ShipmentKind, ShipmentLine, ShipmentStatus } from "../model/shipment.ts";
import type { ShipmentFailure, TrackingStatus } from "../model/tracking.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });

export const shipmentTable = pgTable("shipment", {
  id: uuid("id").primaryKey(),
  kind: text("kind").$type<ShipmentKind>().notNull(),
  status: text("status").$type<ShipmentStatus>().notNull(),
  orderId: uuid("order_id").notNull(),
  sellerId: uuid("seller_id").notNull(),
  customerId: uuid("customer_id").notNull(),
  fulfillmentId: uuid("fulfillment_id"),
  returnId: uuid("return_id"),
  lines: jsonb("lines").$type<readonly ShipmentLine[]>().notNull(),
  sender: jsonb("sender").$type<Address>().notNull(),
  recipient: jsonb("recipient").$type<Address>().notNull(),
  weightGrams: integer("weight_grams").notNull(),
  serviceLevel: text("service_level").$type<ServiceLevel>().notNull(),
  carrier: text("carrier").notNull(),
  carrierService: text("carrier_service").notNull(),
  priceCurrency: char("price_currency", { length: 3 }),
  priceMinor: bigint("price_minor", { mode: "bigint" }),
  trackingNumber: text("tracking_number").notNull(),
  trackingUrl: text("tracking_url").notNull(),
  routingCode: text("routing_code").notNull(),
  estimatedDeliveryAt: at("estimated_delivery_at"),
  refusedBy: jsonb("refused_by").$type<readonly string[]>().notNull(),
  handedOver: boolean("handed_over").notNull(),
  cancelledBy: text("cancelled_by").$type<NonNullable<Shipment["cancelledBy"]>>(),
  erased: boolean("erased").notNull(),
  failure: text("failure").$type<ShipmentFailure>(),
  reason: text("reason").notNull(),
  createdAt: timestamp("created_at", { withTimezone: true, precision: 3 }).notNull(),
  updatedAt: at("updated_at").notNull(),
  dispatchedAt: at("dispatched_at"),
  deliveredAt: at("delivered_at"),
  version: bigint("version", { mode: "bigint" }).notNull(),
});

export const trackingEventTable = pgTable("tracking_event", {
  shipmentId: uuid("shipment_id").notNull(),
  at: at("at").notNull(),
  status: text("status").$type<TrackingStatus>().notNull(),
  text: text("text").notNull(),
  place: text("place").notNull(),
});
