import { bigint, integer, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import type { MovementKind } from "../model/movement.ts";
import type { ReservationLine, ReservationStatus } from "../model/reservation.ts";

export const stockTable = pgTable("stock", {
  productId: uuid("product_id").primaryKey(),
  sellerId: uuid("seller_id").notNull(),
  onHand: integer("on_hand").notNull(),
  reserved: integer("reserved").notNull(),
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
