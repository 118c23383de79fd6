import { isUniqueViolation, type Transaction } from "@tandem/postgres";
import { eq } from "drizzle-orm";
import type { SellerRepository } from "../biz/ports.ts";
import { sellerNotFound, slugTaken } from "../model/errors.ts";
import { sellerTable } from "./schema.ts";

const guardSlug = async (slug: string, work: () => Promise<unknown>) => {
  try {
    await work();
  } catch (error) {
    throw isUniqueViolation(error, "seller_slug") ? slugTaken(slug) : error;
  }
};

export const makeSellerRepository = (tx: Transaction): SellerRepository => ({
  async getById(sellerId) {
    const [row] = await tx.select().from(sellerTable).where(eq(sellerTable.id, sellerId));
    if (!row) throw sellerNotFound(sellerId);
    return row;
  },

  async lockById(sellerId) {
    const [row] = await tx.select().from(sellerTable).where(eq(sellerTable.id, sellerId)).for("update");
    if (!row) throw sellerNotFound(sellerId);
    return row;
  },

  create: (seller) => guardSlug(seller.slug, () => tx.insert(sellerTable).values(seller)),

  update: (seller) =>
    guardSlug(seller.slug, () => tx.update(sellerTable).set(seller).where(eq(sellerTable.id, seller.id))),
});
