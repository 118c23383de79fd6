import { decodeCursor, encodeCursor } from "@tandem/kernel";
import type { ListingCriteria, ListingSort, PageRequest } from "../biz/ports.ts";

/** What is shown of a product; `l` has its price in the currency asked for. */
export const SHOWN = `p.id as "productId", p.seller_id as "sellerId", s.name as "sellerName", p.sku, p.name,
  p.category_id as "categoryId", p.image_urls ->> 0 as "imageUrl", l.amount_minor::text as "amountMinor",
  l.regular_minor::text as "regularMinor", coalesce(st.available, 0) as available,
  greatest(p.updated_at, coalesce(st.updated_at, p.updated_at)) as "updatedAt"`;

export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values: unknown[];
}

export interface SortKeys {
  readonly name: string;
  readonly amountMinor: string | null;
  readonly productId: string;
}

interface Sort {
  /** A column of `listing`, and of an index with the currency before it and the filters behind it. */
  readonly key: string;
  readonly type: "text" | "int8" | "uuid";
  readonly up: boolean;
  /** How a row's key looks in a cursor. */
  readonly of: (row: SortKeys) => string;
}

const SORTS: Readonly<Record<ListingSort, Sort>> = {
  NAME: { key: "name", type: "text", up: true, of: ({ name }) => name },
  PRICE_ASCENDING: { key: "amount_minor", type: "int8", up: true, of: ({ amountMinor }) => amountMinor ?? "0" },
  PRICE_DESCENDING: { key: "amount_minor", type: "int8", up: false, of: ({ amountMinor }) => amountMinor ?? "0" },
  // Ids are UUIDv7: their order is the order of time.
  NEWEST: { key: "product_id", type: "uuid", up: false, of: ({ productId }) => productId },
};

/**
 * As far as the index is walked for a page, in the text of the statement: Postgres plans once for all callers, and of a bound
 * parameter it would assume a tenth of the table. Two steps and not every number: each text is a plan in each connection.
 */
const REACH = [51, 201];

const cursorScope = ({ sort, currency }: ListingCriteria): string => `listings:${sort}:${currency}`;

export const writeCursor = (criteria: ListingCriteria, last: SortKeys): string =>
  encodeCursor(cursorScope(criteria), [SORTS[criteria.sort].of(last), last.productId]);

/**
 * One page, and one row more to see whether there is another: an index is walked in the order asked for until there are enough, and
 * what is shown is joined to those. Pages by cursor without words are planned once for each connection, under one of at most 128 names.
 */
export const pageStatement = (criteria: ListingCriteria, rows: number, { cursor, offset }: PageRequest): Statement => {
  const { key, type, up } = SORTS[criteria.sort];
  const { where, values, name } = filterOf(criteria);
  const bind = (value: unknown) => `$${values.push(value)}`;
  if (cursor) {
    const [after, id] = decodeCursor(cursorScope(criteria), cursor, [type, "uuid"]);
    where.push(
      key === "product_id"
        ? `l.product_id < ${bind(id)}::uuid`
        : `(l.${key}, l.product_id) ${up ? ">" : "<"} (${bind(after)}::${type}, ${bind(id)}::uuid)`,
    );
  }
  const direction = up ? "asc" : "desc";
  const order = [...new Set([key, "product_id"])].map((column) => `l.${column} ${direction}`).join(", ");
  const reach = name !== undefined && offset === undefined ? REACH.find((one) => one >= rows) : undefined;
  const position = reach ?? `${bind(rows)} offset ${bind(offset ?? 0)}`;
  const text = `
    select ${SHOWN}
    from (select * from listing l where ${where.join(" and ")} order by ${order} limit ${position}) l
    join product p on p.id = l.product_id
    join seller s on s.id = l.seller_id
    left join listing_stock st on st.product_id = l.product_id
    order by ${order} limit ${bind(rows)}`;
  if (reach === undefined) return { text, values };
  return { name: `listings ${criteria.sort} ${name}${cursor ? " after" : ""} ${reach}`, text, values };
};

/** How many there are in all. */
export const countStatement = (criteria: ListingCriteria): Statement => {
  const { where, values } = filterOf(criteria);
  return { text: `select count(*)::int as n from listing l where ${where.join(" and ")}`, values };
};

interface Filter {
  readonly where: string[];
  readonly values: unknown[];
  /** What it filters by; undefined when there are words, whose number nobody knows. */
  readonly name: string | undefined;
}

const filterOf = ({ currency, categoryId, sellerId, inStockOnly, query }: ListingCriteria): Filter => {
  // Bound as it comes: Postgres takes it for a bpchar, like the column. A cast to text would hide the indexes.
  const values: unknown[] = [currency];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const where = [
    "l.currency = $1",
    "l.seller_id <> all (array(select s.id from seller s where s.status <> 'ACTIVE'))",
    ...(categoryId
      ? [`l.category_id = any (array(select c.id from category c where c.path @> array[${bind(categoryId)}::uuid]))`]
      : []),
    ...(sellerId ? [`l.seller_id = ${bind(sellerId)}::uuid`] : []),
    ...(inStockOnly ? ["l.in_stock"] : []),
  ];
  const words = query.split(/\s+/).filter(Boolean);
  for (const word of words) where.push(`l.name ilike ${bind(`%${word.replaceAll(/[\\%_]/g, "\\$&")}%`)}`);
  const name = `${categoryId ? "c" : "-"}${sellerId ? "s" : "-"}${inStockOnly ? "i" : "-"}`;
  return { where, values, name: words.length > 0 ? undefined : name };
};
