import { bigint, boolean, char, integer, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import type { OrderStatus } from "../model/order-statistics.ts";
import type { Segment } from "../model/segment.ts";

export const customerTable = pgTable("customer", {
  id: uuid("id").primaryKey(),
  email: text("email").notNull(),
  displayName: text("display_name").notNull(),
  phone: text("phone").notNull(),
  locale: text("locale").notNull(),
  timeZone: text("time_zone").notNull(),
  segment: text("segment").$type<Segment>().notNull(),
  registeredAt: timestamp("registered_at", { withTimezone: true }).notNull(),
  updatedAt: timestamp("updated_at", { withTimezone: true }).notNull(),
  erasedAt: timestamp("erased_at", { withTimezone: true }),
  version: bigint("version", { mode: "bigint" }).notNull(),
});

export const addressTable = pgTable("address", {
  id: uuid("id").primaryKey(),
  customerId: uuid("customer_id").notNull(),
  label: text("label").notNull(),
  recipient: text("recipient").notNull(),
  line1: text("line1").notNull(),
  line2: text("line2").notNull(),
  postalCode: text("postal_code").notNull(),
  city: text("city").notNull(),
  region: text("region").notNull(),
  countryCode: text("country_code").notNull(),
  phone: text("phone").notNull(),
  isDefault: boolean("is_default").notNull(),
  createdAt: timestamp("created_at", { withTimezone: true }).notNull(),
  updatedAt: timestamp("updated_at", { withTimezone: true }).notNull(),
});

export const orderStatisticsTable = pgTable("order_statistics", {
  customerId: uuid("customer_id").primaryKey(),
  orders: integer("orders").notNull(),
  cancelled: integer("cancelled").notNull(),
  returned: integer("returned").notNull(),
  /** Minor units as text: JSON numbers end at 2^53. */
  spent: jsonb("spent").$type<Readonly<Record<string, string>>>().notNull(),
  lastOrderAt: timestamp("last_order_at", { withTimezone: true }),
});

export const orderRecordTable = pgTable("order_record", {
  orderId: uuid("order_id").primaryKey(),
  customerId: uuid("customer_id").notNull(),
  version: bigint("version", { mode: "bigint" }).notNull(),
  status: text("status").$type<OrderStatus>().notNull(),
  confirmed: boolean("confirmed").notNull(),
  currency: char("currency", { length: 3 }).notNull(),
  totalMinor: bigint("total_minor", { mode: "bigint" }).notNull(),
  returnedMinor: bigint("returned_minor", { mode: "bigint" }).notNull(),
  returned: boolean("returned").notNull(),
  placedAt: timestamp("placed_at", { withTimezone: true }).notNull(),
});
