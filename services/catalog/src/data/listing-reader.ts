import { money } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { Listing, ListingReader } from "../biz/ports.ts";
import { listingNotFound } from "../model/errors.ts";
import { countStatement, pageStatement, SHOWN, type SortKeys, writeCursor } from "./listing-page.ts";

interface Row extends Record<string, unknown>, SortKeys {
  readonly sellerId: string;
  readonly sellerName: string;
  readonly sku: string;
  readonly categoryId: string | null;
  readonly imageUrl: string | null;
  readonly regularMinor: string | null;
  readonly available: number;
  readonly updatedAt: Date;
}

// Not from `listing`: a product is shown by its id before it has a price.
const BY_PRODUCT = `
  select ${SHOWN}
  from product p
  join seller s on s.id = p.seller_id and s.status = 'ACTIVE'
  left join listing_price l on l.product_id = p.id and l.currency = $1
  left join listing_stock st on st.product_id = p.id
  where p.status = 'ACTIVE' and p.id = $2`;

const DEFAULT_LIMIT = 50;

const toListing = (row: Row, currency: string): Listing => {
  const { amountMinor, regularMinor, categoryId, imageUrl, ...rest } = row;
  return {
    ...rest,
    categoryId: categoryId ?? undefined,
    imageUrl: imageUrl ?? "",
    ...(amountMinor === null ? {} : { price: money(currency, BigInt(amountMinor)) }),
    ...(regularMinor === null || regularMinor === amountMinor
      ? {}
      : { regularPrice: money(currency, BigInt(regularMinor)) }),
  };
};

/** The shop's pages: products with price and availability, from tables that events feed. */
export const makeListingReader = (database: Pick<Database, "query">): ListingReader => ({
  async getByProductId(productId, currency) {
    const { rows } = await database.query<Row>({
      name: "listing by product",
      text: BY_PRODUCT,
      values: [currency, productId],
    });
    if (!rows[0]) throw listingNotFound(productId);
    return toListing(rows[0], currency);
  },

  async listByCriteria(criteria, request) {
    const { limit, offset } = request;
    const size = limit === 0 ? DEFAULT_LIMIT : limit;
    const [{ rows }, counted] = await Promise.all([
      database.query<Row>(pageStatement(criteria, size + 1, request)),
      offset === undefined ? undefined : database.query<{ n: number }>(countStatement(criteria)),
    ]);
    const items = rows.slice(0, size);
    const last = items.at(-1);
    const more = rows.length > size && last !== undefined && offset === undefined;
    return {
      items: items.map((row) => toListing(row, criteria.currency)),
      ...(more ? { nextCursor: writeCursor(criteria, last) } : {}),
      ...(counted === undefined ? {} : { total: counted.rows[0]?.n ?? 0 }),
    };
  },
});
