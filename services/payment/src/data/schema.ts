import { bigint, boolean, char, date, integer, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import type { FailureCode } from "../model/operation.ts";
import type { MethodKind, PaymentStatus } from "../model/payment.ts";
import type { RefundClaim } from "../model/refund-claim.ts";
import type { Difference, SettlementFile } from "../model/settlement-file.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });
const minor = (name: string) => bigint(name, { mode: "bigint" }).notNull();

export const paymentTable = pgTable("payment", {
  id: uuid("id").primaryKey(),
  orderId: uuid("order_id").notNull(),
  customerId: uuid("customer_id").notNull(),
  method: text("method").$type<MethodKind>().notNull(),
  cardToken: text("card_token").notNull(),
  status: text("status").$type<PaymentStatus>().notNull(),
  currency: char("currency", { length: 3 }).notNull(),
  amountMinor: minor("amount_minor"),
  capturedMinor: minor("captured_minor"),
  refundedMinor: minor("refunded_minor"),
  failureCode: text("failure_code").$type<FailureCode>(),
  providerReference: text("provider_reference").notNull(),
  cancelled: boolean("cancelled").notNull(),
  createdAt: at("created_at").notNull(),
  updatedAt: at("updated_at").notNull(),
  authorizedAt: at("authorized_at"),
  capturedAt: at("captured_at"),
  version: minor("version"),
  totalMinor: minor("total_minor"),
  orderVersion: minor("order_version"),
});

export const refundClaimTable = pgTable("refund_claim", {
  id: uuid("id").primaryKey(),
  paymentId: uuid("payment_id").notNull(),
  kind: text("kind").$type<RefundClaim["kind"]>().notNull(),
  amountMinor: minor("amount_minor"),
  reason: text("reason").notNull(),
  status: text("status").$type<RefundClaim["status"]>().notNull(),
  operationId: uuid("operation_id"),
  createdAt: at("created_at").notNull(),
  /** Refusals so far. */
  attempts: integer("attempts").notNull().default(0),
  failedAt: at("failed_at"),
});

export const settlementTable = pgTable("settlement", {
  id: uuid("id").primaryKey(),
  currency: char("currency", { length: 3 }).notNull(),
  grossMinor: minor("gross_minor"),
  refundedMinor: minor("refunded_minor"),
  feeMinor: minor("fee_minor"),
  netMinor: minor("net_minor"),
  paymentCount: integer("payment_count").notNull(),
  periodStart: at("period_start").notNull(),
  periodEnd: at("period_end").notNull(),
  settledAt: at("settled_at").notNull(),
});

type StoredAmount = { readonly currency: string; readonly minor: string };
/** A difference as it is stored: amounts as text. */
export interface StoredDifference extends Omit<Difference, "ours" | "theirs"> {
  readonly ours?: StoredAmount | undefined;
  readonly theirs?: StoredAmount | undefined;
}

export const settlementFileTable = pgTable("settlement_file", {
  id: uuid("id").primaryKey(),
  provider: text("provider").notNull(),
  day: date("day", { mode: "string" }).notNull(),
  status: text("status").$type<SettlementFile["status"]>().notNull(),
  checksum: text("checksum").notNull(),
  lineCount: integer("line_count").notNull(),
  differences: jsonb("differences").$type<readonly StoredDifference[]>().notNull(),
  settlementIds: uuid("settlement_ids").array().notNull(),
  importedAt: at("imported_at").notNull(),
});
