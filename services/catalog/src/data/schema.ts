import { bigint, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import type { ProductStatus } from "../model/product.ts";
import type { SellerStatus } from "../model/seller.ts";

const at = (name: string) => timestamp(name, { withTimezone: true }).notNull();
const version = () => bigint("version", { mode: "bigint" }).notNull();

export const sellerTable = pgTable("seller", {
  id: uuid("id").primaryKey(),
  name: text("name").notNull(),
  slug: text("slug").notNull(),
  status: text("status").$type<SellerStatus>().notNull(),
  createdAt: at("created_at"),
  updatedAt: at("updated_at"),
  version: version(),
});

export const categoryTable = pgTable("category", {
  id: uuid("id").primaryKey(),
  parentId: uuid("parent_id"),
  name: text("name").notNull(),
  slug: text("slug").notNull(),
  path: uuid("path").array().notNull(),
  version: version(),
});

export const productTable = pgTable("product", {
  id: uuid("id").primaryKey(),
  sellerId: uuid("seller_id").notNull(),
  sku: text("sku").notNull(),
  name: text("name").notNull(),
  description: text("description").notNull(),
  categoryId: uuid("category_id"),
  attributes: jsonb("attributes").$type<Readonly<Record<string, string>>>().notNull(),
  imageUrls: jsonb("image_urls").$type<readonly string[]>().notNull(),
  taxCategory: text("tax_category").notNull(),
  status: text("status").$type<ProductStatus>().notNull(),
  createdAt: at("created_at"),
  updatedAt: at("updated_at"),
  version: version(),
});
