import type { EngineFilters, EngineQuery, FacetDimension } from "../../biz/ports.ts";
import { PUBLIC } from "../../model/index-entry.ts";
import { PRICE_STEPS } from "../price-ranges.ts";

/** A statement under construction: values are bound, never written into it. */
export interface Binder {
  bind(value: unknown, type?: string): string;
  readonly values: unknown[];
}

export const binder = (): Binder => {
  const values: unknown[] = [];
  return {
    values,
    bind: (value, type) => `$${values.push(value)}${type ? `::${type}` : ""}`,
  };
};

/** The price in one currency; null when there is none. EUR is spelled out: it has an index. */
const priceOf = (currency: string, { bind }: Binder): (() => string) => {
  let bound: string | undefined;
  return () => {
    // Bound at its first use: Postgres refuses a value that no part of the statement uses.
    bound ??= currency === "EUR" ? "'EUR'" : bind(currency, "text");
    return `((d.prices -> ${bound} ->> 'amount')::bigint)`;
  };
};

/** Who asks and for which words: what no filter and no facet gets around. */
const baseOf = (query: EngineQuery, tsquery: string | undefined, { bind }: Binder): string[] => {
  const others = query.audience.filter((one) => one !== PUBLIC);
  const all = others.length < query.audience.length;
  const own = () => `not d.deleted and d.audience && ${bind(others, "text[]")}`;
  // One branch per index: what anyone may find, and what is only for those who ask.
  const seen = !all ? `(${own()})` : others.length === 0 ? "d.public" : `(d.public or (not d.public and ${own()}))`;
  return [seen, ...(tsquery === undefined ? [] : [`d.words @@ ${bind(tsquery, "tsquery")}`])];
};

/** Orders are never public. Said, so that a search for orders alone is answered from the index of what is not. */
const neverPublic = ({ types }: EngineFilters): string[] =>
  types.length > 0 && types.every((type) => type === "ORDER") ? ["not d.public"] : [];

type FilterName = FacetDimension | `attribute ${string}`;

const conditionsOf = (filters: EngineFilters, price: () => string, { bind }: Binder): Map<FilterName, string> => {
  const conditions = new Map<FilterName, string>();
  if (filters.types.length > 0) conditions.set("TYPE", `d.type = any(${bind(filters.types, "text[]")})`);
  if (filters.categoryIds.length > 0)
    conditions.set("CATEGORY", `d.category_ids && ${bind(filters.categoryIds, "uuid[]")}`);
  if (filters.sellerIds.length > 0) conditions.set("SELLER", `d.seller_ids && ${bind(filters.sellerIds, "uuid[]")}`);
  if (filters.minPrice !== undefined || filters.maxPrice !== undefined) {
    const bounds = [
      ...(filters.minPrice === undefined ? [] : [`${price()} >= ${bind(filters.minPrice.toString(), "bigint")}`]),
      ...(filters.maxPrice === undefined ? [] : [`${price()} <= ${bind(filters.maxPrice.toString(), "bigint")}`]),
    ];
    conditions.set("PRICE", bounds.join(" and "));
  }
  if (filters.inStockOnly) conditions.set("AVAILABILITY", "d.available > 0");
  for (const [name, values] of Object.entries(filters.attributes)) {
    conditions.set(
      `attribute ${name}`,
      `d.attribute_tokens && ${bind(
        values.map((value) => `${name}=${value}`),
        "text[]",
      )}`,
    );
  }
  return conditions;
};

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

const isPriceSort = (sort: EngineQuery["sort"]) => sort === "PRICE_ASCENDING" || sort === "PRICE_DESCENDING";

/** Hits in order, one page of them. `exact`: the words as they were wanted, which count more than their likes. */
export const hitsSql = (
  table: string,
  query: EngineQuery,
  tsquery: string | undefined,
  exact: string | undefined,
): Statement => {
  const params = binder();
  const { bind } = params;
  const price = priceOf(query.filters.currency, params);
  const where = [
    ...baseOf(query, tsquery, params),
    ...neverPublic(query.filters),
    ...conditionsOf(query.filters, price, params).values(),
  ];
  if (isPriceSort(query.sort)) where.push(`${price()} is not null`);
  const { key, type, direction } = orderOf(query, price, exact, params);
  if (query.after) {
    const { value, key: last } = query.after;
    const position = type === "epoch" ? `to_timestamp(${bind(value, "float8")} / 1000)` : bind(value, type);
    where.push(`(${key}, d.key) ${direction === "asc" ? ">" : "<"} (${position}, ${bind(last, "text")})`);
  }
  const source = query.titleOnly ? "jsonb_build_object('title', h.source -> 'title') as source" : "h.source";
  const position = type === "epoch" ? "(extract(epoch from h.place) * 1000)::bigint" : "h.place";
  // What is shown is made of the page's rows alone: without the brackets Postgres ranks each match twice and makes its texts before it sorts.
  return {
    text: `select h.key, h.type, h.document_id as "documentId", ${source}, ${position}::text as position from (
      select d.key, d.type, d.document_id, d.source, ${key} as place
      from ${table} d where ${where.join(" and ")}
      order by place ${direction}, d.key ${direction} limit ${bind(query.size)} offset ${bind(query.offset)}) h`,
    values: params.values,
  };
};

const orderOf = (query: EngineQuery, price: () => string, exact: string | undefined, { bind }: Binder) => {
  switch (query.sort) {
    case "PRICE_ASCENDING":
      return { key: price(), type: "bigint", direction: "asc" } as const;
    case "PRICE_DESCENDING":
      return { key: price(), type: "bigint", direction: "desc" } as const;
    case "NEWEST":
      return { key: "d.created_at", type: "epoch", direction: "desc" } as const;
    case "RELEVANCE":
      return {
        key:
          exact === undefined
            ? "0::float8"
            : `ts_rank('{0.1,0.2,0.5,1}', d.words, ${bind(exact, "tsquery")}, 1)::float8`,
        type: "float8",
        direction: "desc",
      } as const;
  }
};

export const countSql = (table: string, query: EngineQuery, tsquery: string | undefined): Statement => {
  const params = binder();
  const price = priceOf(query.filters.currency, params);
  const where = [
    ...baseOf(query, tsquery, params),
    ...neverPublic(query.filters),
    ...conditionsOf(query.filters, price, params).values(),
  ];
  if (isPriceSort(query.sort)) where.push(`${price()} is not null`);
  return { text: `select count(*)::int as total from ${table} d where ${where.join(" and ")}`, values: params.values };
};

/** Every facet asked for in one statement: what matches is found once, and each facet leaves out its own filter. */
export const facetsSql = (table: string, query: EngineQuery, tsquery: string | undefined): Statement => {
  const params = binder();
  const price = priceOf(query.filters.currency, params);
  const base = baseOf(query, tsquery, params);
  const conditions = [...conditionsOf(query.filters, price, params)];
  // What every facet keeps narrows the set at once: a search with one filter and another facet reads no more than it has to.
  const flag = (index: number) => `f${index}`;
  const allBut = (own: FilterName) =>
    conditions
      .map(([name], index) => (name === own ? undefined : `coalesce(m.${flag(index)}, false)`))
      .filter((one) => one !== undefined);
  const where = (own: FilterName, ...more: string[]) => {
    const kept = [...allBut(own), ...more];
    return kept.length === 0 ? "" : ` where ${kept.join(" and ")}`;
  };
  const attributeNames = Object.keys(query.filters.attributes);
  const partsOf = (dimension: FacetDimension): string[] => {
    switch (dimension) {
      case "TYPE":
        return [
          `select 'TYPE' as dimension, '' as attribute, m.type as value, count(*)::int as n from m${where("TYPE")} group by 3`,
        ];
      case "CATEGORY":
        return [
          `(select 'CATEGORY', '', c::text, count(*)::int from m, unnest(m.category_ids) c${where("CATEGORY")} group by 3 order by 4 desc, 3 limit 100)`,
        ];
      case "SELLER":
        return [
          `(select 'SELLER', '', s::text, count(*)::int from m, unnest(m.seller_ids) s${where("SELLER")} group by 3 order by 4 desc, 3 limit 100)`,
        ];
      case "PRICE":
        return [
          `select 'PRICE', '', width_bucket(m.price, array[${PRICE_STEPS.join(",")}]::bigint[])::text, count(*)::int
           from m${where("PRICE", "m.price is not null")} group by 3`,
        ];
      case "AVAILABILITY":
        return [
          `select 'AVAILABILITY', '', case when m.available > 0 then 'in_stock' else 'out_of_stock' end, count(*)::int
           from m${where("AVAILABILITY", "m.type = 'PRODUCT'")} group by 3`,
        ];
      case "ATTRIBUTES": {
        const named = (name: string) => `split_part(t, '=', 1) = ${params.bind(name, "text")}`;
        const rest = attributeNames.map((name) => `not ${named(name)}`);
        const token = (own: FilterName, ...more: string[]) =>
          `(select 'ATTRIBUTES', split_part(t, '=', 1), substr(t, strpos(t, '=') + 1), count(*)::int
           from m, unnest(m.attribute_tokens) t${where(own, ...more)} group by 2, 3 order by 4 desc, 2, 3 limit 200)`;
        return [token("ATTRIBUTES", ...rest), ...attributeNames.map((name) => token(`attribute ${name}`, named(name)))];
      }
    }
  };
  const parts = query.facets.flatMap(partsOf);
  return {
    text: `with m as materialized (
      select d.type, d.category_ids, d.seller_ids, d.attribute_tokens, d.available, ${price()} as price
        ${conditions.map(([, sql], index) => `, (${sql}) as ${flag(index)}`).join("")}
      from ${table} d where ${base.join(" and ")}
    )
    select dimension, attribute, value, n from (
      select null::text as dimension, null::text as attribute, null::text as value, null::int as n where false
      union all ${parts.join(" union all ")}
    ) f`,
    values: params.values,
  };
};
