import { AppError, decodeCursor, encodeCursor, isId, money } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { Listing, ListingCriteria, ListingReader, ListingSort } from "../biz/ports.ts";
import { listingNotFound } from "../model/errors.ts";

interface Row extends Record<string, unknown> {
  readonly productId: string;
  readonly sellerId: string;
  readonly sellerName: string;
  readonly sku: string;
  readonly name: string;
  readonly categoryId: string | null;
  readonly imageUrl: string | null;
  readonly amountMinor: string | null;
  readonly regularMinor: string | null;
  readonly available: number;
  readonly updatedAt: Date;
}

const SELECT = `
  select p.id as "productId", p.seller_id as "sellerId", s.name as "sellerName", p.sku, p.name,
    p.category_id as "categoryId", p.image_urls ->> 0 as "imageUrl", pr.amount_minor::text as "amountMinor",
    pr.regular_minor::text as "regularMinor", coalesce(st.available, 0) as available,
    greatest(p.updated_at, coalesce(st.updated_at, p.updated_at)) as "updatedAt"
  from product p
  join seller s on s.id = p.seller_id and s.status = 'ACTIVE'
  left join listing_price pr on pr.product_id = p.id and pr.currency = $1
  left join listing_stock st on st.product_id = p.id
  where p.status = 'ACTIVE'`;

/** Sort key in SQL, whether it goes up, and how a row's key looks in a cursor. */
const SORTS: Readonly<
  Record<
    ListingSort,
    { readonly key: string; readonly type: string; readonly up: boolean; readonly of: (row: Row) => string }
  >
> = {
  NAME: { key: "p.name", type: "text", up: true, of: (row) => row.name },
  PRICE_ASCENDING: { key: "pr.amount_minor", type: "bigint", up: true, of: (row) => row.amountMinor ?? "0" },
  PRICE_DESCENDING: { key: "pr.amount_minor", type: "bigint", up: false, of: (row) => row.amountMinor ?? "0" },
  NEWEST: { key: "p.id", type: "uuid", up: false, of: (row) => row.productId },
};

const DEFAULT_LIMIT = 50;

const isSortKey = (type: string, value: unknown): boolean => {
  if (typeof value !== "string") return false;
  if (type === "uuid") return isId(value);
  return type === "bigint" ? /^\d{1,18}$/.test(value) : !value.includes("\u0000");
};

/** A cursor can be made up: what is in it is checked before it gets near a cast. */
const readCursor = (scope: string, cursor: string, type: string) => {
  const [after, id] = decodeCursor(scope, cursor, 2);
  if (isSortKey(type, after) && isSortKey("uuid", id)) return [after, id];
  throw new AppError("invalid_argument", "page.cursor_invalid", "The cursor is not one that this API gave out.");
};

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
      text: `${SELECT} and p.id = $2`,
      values: [currency, productId],
    });
    if (!rows[0]) throw listingNotFound(productId);
    return toListing(rows[0], currency);
  },

  async listByCriteria(criteria, { limit, cursor, offset }) {
    const size = limit === 0 ? DEFAULT_LIMIT : limit;
    const { key, type, up, of } = SORTS[criteria.sort];
    const scope = `listings:${criteria.sort}:${criteria.currency}`;
    const { where, values } = filterOf(criteria);
    const bind = (value: unknown) => `$${values.push(value)}`;
    const filter = [...where];
    if (cursor) {
      const [after, id] = readCursor(scope, cursor, type);
      filter.push(`(${key}, p.id) ${up ? ">" : "<"} (${bind(after)}::${type}, ${bind(id)}::uuid)`);
    }
    const direction = up ? "asc" : "desc";
    const matching = `${SELECT}${filter.map((one) => ` and ${one}`).join("")}`;
    const total =
      offset === undefined
        ? undefined
        : (await database.query<{ n: number }>(`select count(*)::int as n from (${matching}) m`, [...values])).rows[0]
            ?.n;
    const { rows } = await database.query<Row>(
      `${matching} order by ${key} ${direction}, p.id ${direction} limit ${bind(size + 1)} offset ${bind(offset ?? 0)}`,
      values,
    );
    const items = rows.slice(0, size);
    const last = items.at(-1);
    const more = rows.length > size && last !== undefined && offset === undefined;
    return {
      items: items.map((row) => toListing(row, criteria.currency)),
      ...(more ? { nextCursor: encodeCursor(scope, [of(last), last.productId]) } : {}),
      ...(total === undefined ? {} : { total }),
    };
  },
});

const filterOf = (criteria: ListingCriteria): { readonly where: readonly string[]; readonly values: unknown[] } => {
  const values: unknown[] = [criteria.currency];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const where = ["pr.amount_minor is not null"];
  if (criteria.categoryId)
    where.push(`p.category_id in (select id from category where path @> array[${bind(criteria.categoryId)}::uuid])`);
  if (criteria.sellerId) where.push(`p.seller_id = ${bind(criteria.sellerId)}::uuid`);
  if (criteria.inStockOnly) where.push("coalesce(st.available, 0) > 0");
  for (const word of criteria.query.split(/\s+/).filter(Boolean)) {
    where.push(`p.name ilike ${bind(`%${word.replaceAll(/[\\%_]/g, "\\$&")}%`)}`);
  }
  return { where, values };
};
