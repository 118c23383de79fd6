import { bigint, boolean, integer, jsonb, pgTable, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
import type { ProductStatus } from "../model/product.ts";
import type { PromotionStatus } from "../model/promotion.ts";
import type { TierJson } from "./promotion-row.ts";
import type { StoredLine } from "./quote-row.ts";

const version = () => bigint("version", { mode: "bigint" }).notNull();
const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });
const discount = {
  basisPoints: integer("basis_points"),
  amountMinor: bigint("amount_minor", { mode: "bigint" }),
  currency: text("currency"),
};

export const productTable = pgTable("product", {
  productId: uuid("product_id").primaryKey(),
  sellerId: uuid("seller_id").notNull(),
  sku: text("sku").notNull(),
  name: text("name").notNull(),
  taxCategory: text("tax_category").notNull(),
  status: text("status").$type<ProductStatus>().notNull(),
  version: version(),
});

export const priceListTable = pgTable("price_list", {
  id: uuid("id").primaryKey(),
  name: text("name").notNull(),
  currency: text("currency").notNull(),
  isDefault: boolean("is_default").notNull(),
  segment: text("segment").notNull(),
  version: version(),
  createdAt: moment("created_at").notNull(),
});

export const promotionTable = pgTable("promotion", {
  id: uuid("id").primaryKey(),
  name: text("name").notNull(),
  ...discount,
  productIds: uuid("product_ids").array().notNull(),
  sellerId: uuid("seller_id"),
  minQuantity: integer("min_quantity").notNull(),
  minSpendMinor: bigint("min_spend_minor", { mode: "bigint" }),
  minSpendCurrency: text("min_spend_currency"),
  tiers: jsonb("tiers").$type<readonly TierJson[]>().notNull(),
  startsAt: moment("starts_at").notNull(),
  endsAt: moment("ends_at").notNull(),
  status: text("status").$type<PromotionStatus>().notNull(),
  version: version(),
  createdAt: moment("created_at").notNull(),
});

export const voucherTable = pgTable("voucher", {
  id: uuid("id").primaryKey(),
  code: text("code").notNull(),
  ...discount,
  minSubtotalMinor: bigint("min_subtotal_minor", { mode: "bigint" }),
  minSubtotalCurrency: text("min_subtotal_currency"),
  usageLimit: integer("usage_limit"),
  usageLimitPerCustomer: integer("usage_limit_per_customer"),
  startsAt: moment("starts_at").notNull(),
  endsAt: moment("ends_at").notNull(),
  version: version(),
  createdAt: moment("created_at").notNull(),
});

export const voucherUseTable = pgTable("voucher_use", {
  quoteId: uuid("quote_id").primaryKey(),
  voucherId: uuid("voucher_id").notNull(),
  customerId: uuid("customer_id"),
  status: text("status").$type<"HELD" | "USED" | "RELEASED">().notNull(),
  heldUntil: moment("held_until").notNull(),
  checkoutKey: text("checkout_key"),
});

export const taxRateTable = pgTable(
  "tax_rate",
  {
    country: text("country").notNull(),
    category: text("category").notNull(),
    basisPoints: integer("basis_points").notNull(),
    version: version(),
  },
  (table) => [primaryKey({ columns: [table.country, table.category] })],
);

export const quoteTable = pgTable("quote", {
  id: uuid("id").primaryKey(),
  customerId: uuid("customer_id"),
  currency: text("currency").notNull(),
  country: text("country").notNull(),
  voucherCode: text("voucher_code").notNull(),
  lines: jsonb("lines").$type<readonly StoredLine[]>().notNull(),
  subtotalMinor: bigint("subtotal_minor", { mode: "bigint" }).notNull(),
  discountMinor: bigint("discount_minor", { mode: "bigint" }).notNull(),
  taxMinor: bigint("tax_minor", { mode: "bigint" }).notNull(),
  totalMinor: bigint("total_minor", { mode: "bigint" }).notNull(),
  expiresAt: moment("expires_at").notNull(),
  createdAt: moment("created_at").notNull(),
});

export const customerSegmentTable = pgTable("customer_segment", {
  customerId: uuid("customer_id").primaryKey(),
  segment: text("segment").notNull(),
  version: version(),
});
