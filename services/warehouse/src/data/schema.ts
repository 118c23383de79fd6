import { bigint, boolean, integer, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import type { DriftStatus } from "../model/drift.ts";
import type { MovementKind } from "../model/movement.ts";
import type { ReservationLine, ReservationStatus } from "../model/reservation.ts";

export const stockTable = pgTable("stock", {
  productId: uuid("product_id").primaryKey(),
  sellerId: uuid("seller_id").notNull(),
  onHand: integer("on_hand").notNull(),
  reserved: integer("reserved").notNull(),
  discontinued: boolean("discontinued").notNull(),
  version: bigint("version", { mode: "bigint" }).notNull(),
  updatedAt: timestamp("updated_at", { withTimezone: true }).notNull(),
});

export const reservationTable = pgTable("reservation", {
  id: uuid("id").primaryKey(),
  orderId: uuid("order_id").notNull(),
  status: text("status").$type<ReservationStatus>().notNull(),
  lines: jsonb("lines").$type<readonly ReservationLine[]>().notNull(),
  expiresAt: timestamp("expires_at", { withTimezone: true }).notNull(),
  createdAt: timestamp("created_at", { withTimezone: true }).notNull(),
  version: bigint("version", { mode: "bigint" }).notNull(),
});

export const movementTable = pgTable("movement", {
  id: uuid("id").primaryKey(),
  productId: uuid("product_id").notNull(),
  kind: text("kind").$type<MovementKind>().notNull(),
  onHandDelta: integer("on_hand_delta").notNull(),
  reservedDelta: integer("reserved_delta").notNull(),
  reference: text("reference").notNull(),
  at: timestamp("at", { withTimezone: true }).notNull(),
});

export const stockDriftTable = pgTable("stock_drift", {
  id: uuid("id").primaryKey(),
  productId: uuid("product_id").notNull(),
  status: text("status").$type<DriftStatus>().notNull(),
  onHand: integer("on_hand").notNull(),
  reserved: integer("reserved").notNull(),
  onHandByLedger: integer("on_hand_by_ledger").notNull(),
  reservedByLedger: integer("reserved_by_ledger").notNull(),
  reservedByOrders: integer("reserved_by_orders").notNull(),
  foundAt: timestamp("found_at", { withTimezone: true }).notNull(),
  endedAt: timestamp("ended_at", { withTimezone: true }),
  note: text("note").notNull(),
});

export const stockReturnTable = pgTable("stock_return", {
  returnId: uuid("return_id").primaryKey(),
  orderId: uuid("order_id").notNull(),
  at: timestamp("at", { withTimezone: true }).notNull(),
});
