import type { Door } from "../door.ts";
import { pageAt } from "../page-at.ts";
import type { ShownProduct } from "./operations.ts";

const MAX_PRODUCTS = 2_000;

/** What is for sale, as anybody sees it. @throws Error when there is nothing */
export const lookAround = async ({
  catalog,
}: Door): Promise<{ products: readonly ShownProduct[]; categoryIds: readonly string[] }> => {
  const { categories } = await catalog.listCategories({ page: { limit: 100 } });
  const products: ShownProduct[] = [];
  for (let cursor = ""; products.length < MAX_PRODUCTS; ) {
    const { listings, page } = await catalog.listListings({
      inStockOnly: true,
      currencyCode: "EUR",
      page: pageAt(cursor),
    });
    for (const { productId, sellerId, sku, name, price } of listings)
      products.push({ productId, sellerId, sku, name, priceMinor: price?.amountMinor ?? 0n });
    cursor = page?.nextCursor ?? "";
    if (cursor === "") break;
  }
  if (products.length === 0) throw new Error("nothing is for sale: npm run seed first");
  return { products, categoryIds: categories.map(({ categoryId }) => categoryId) };
};
