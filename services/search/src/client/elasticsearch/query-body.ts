import type { EngineFilters, EngineQuery, FacetDimension } from "../../biz/ports.ts";
import { PRICE_STEPS, priceRange } from "../price-ranges.ts";

type Json = Record<string, unknown>;

const WEIGHTS = { title: 4, facts: 2, text: 1 } as const;

/** One wanted word in any field. Terms, never a query string: nothing that a person types is syntax. */
const wordClause = (word: string, last: boolean, { fuzzy, fuzzyStart, titleOnly }: EngineQuery): Json => {
  const fields = titleOnly ? (["title"] as const) : (["title", "facts", "text"] as const);
  const like = { value: word, fuzziness: "AUTO", prefix_length: 1, max_expansions: 50, transpositions: true };
  const queries = fields.flatMap((field): Json[] => {
    const boost = WEIGHTS[field];
    return [
      { term: { [field]: { value: word, boost } } },
      ...(last ? [{ prefix: { [field]: { value: word, boost: boost / 2 } } }] : []),
      ...(fuzzy ? [{ fuzzy: { [field]: { ...like, boost: boost / 4 } } }] : []),
    ];
  });
  if (fuzzy && fuzzyStart && last) queries.push({ fuzzy: { titleStarts: { ...like, boost: 0.5 } } });
  return { dis_max: { queries, tie_breaker: 0.1 } };
};

const priceIn = (currency: string, amount: Json | undefined): Json => ({
  nested: {
    path: "prices",
    query: {
      bool: {
        filter: [
          { term: { "prices.currency": currency } },
          ...(amount ? [{ range: { "prices.amount": amount } }] : []),
        ],
      },
    },
  },
});

type FilterName = FacetDimension | `attribute ${string}`;

const filtersOf = (filters: EngineFilters): Map<FilterName, Json> => {
  const found = new Map<FilterName, Json>();
  if (filters.types.length > 0) found.set("TYPE", { terms: { type: filters.types } });
  if (filters.categoryIds.length > 0) found.set("CATEGORY", { terms: { categoryIds: filters.categoryIds } });
  if (filters.sellerIds.length > 0) found.set("SELLER", { terms: { sellerIds: filters.sellerIds } });
  if (filters.minPrice !== undefined || filters.maxPrice !== undefined) {
    const amount = {
      ...(filters.minPrice === undefined ? {} : { gte: Number(filters.minPrice) }),
      ...(filters.maxPrice === undefined ? {} : { lte: Number(filters.maxPrice) }),
    };
    found.set("PRICE", priceIn(filters.currency, amount));
  }
  if (filters.inStockOnly) found.set("AVAILABILITY", { range: { available: { gt: 0 } } });
  for (const [name, values] of Object.entries(filters.attributes)) {
    found.set(`attribute ${name}`, { terms: { attributeTokens: values.map((value) => `${name}=${value}`) } });
  }
  return found;
};

/** How an aggregation is called, and the facet that it becomes. */
export const attributeAggregation = (at: number): string => `ATTRIBUTE_${at}`;

const MAX_VALUES = 100;
const MAX_TOKENS = 200;

const aggregationsOf = (query: EngineQuery, filters: ReadonlyMap<FilterName, Json>): Json => {
  const names = Object.keys(query.filters.attributes);
  const { currency } = query.filters;
  const aggregation = (own: FilterName, aggs: Json, ...more: Json[]): Json => ({
    filter: {
      bool: { filter: [...[...filters].filter(([name]) => name !== own).map(([, filter]) => filter), ...more] },
    },
    aggs,
  });
  const terms = (field: string, size = MAX_VALUES, rest: Json = {}): Json => ({
    values: { terms: { field, size, ...rest } },
  });
  const startingWith = (name: string) => `${name.replace(/[^a-zA-Z0-9]/gu, "\\$&")}=.*`;
  const aggs: Json = {};
  for (const dimension of query.facets) {
    switch (dimension) {
      case "TYPE":
        aggs[dimension] = aggregation(dimension, terms("type"));
        break;
      case "CATEGORY":
        aggs[dimension] = aggregation(dimension, terms("categoryIds"));
        break;
      case "SELLER":
        aggs[dimension] = aggregation(dimension, terms("sellerIds"));
        break;
      case "PRICE": {
        const ranges = PRICE_STEPS.map((from, at) => ({
          key: priceRange(at),
          from,
          ...(PRICE_STEPS[at + 1] === undefined ? {} : { to: PRICE_STEPS[at + 1] }),
        }));
        const values = { range: { field: "prices.amount", ranges } };
        const ofCurrency = { filter: { term: { "prices.currency": currency } }, aggs: { values } };
        aggs[dimension] = aggregation(dimension, { prices: { nested: { path: "prices" }, aggs: { ofCurrency } } });
        break;
      }
      case "AVAILABILITY": {
        const stock = {
          in_stock: { range: { available: { gt: 0 } } },
          out_of_stock: { range: { available: { lte: 0 } } },
        };
        aggs[dimension] = aggregation(
          dimension,
          { values: { filters: { filters: stock } } },
          { term: { type: "PRODUCT" } },
        );
        break;
      }
      case "ATTRIBUTES":
        aggs[dimension] = aggregation(
          dimension,
          terms("attributeTokens", MAX_TOKENS, names.length > 0 ? { exclude: names.map(startingWith).join("|") } : {}),
        );
        names.forEach((name, at) => {
          aggs[attributeAggregation(at)] = aggregation(
            `attribute ${name}`,
            terms("attributeTokens", MAX_TOKENS, { include: startingWith(name) }),
          );
        });
    }
  }
  return aggs;
};

const sortOf = ({ sort, filters }: EngineQuery): Json[] => {
  switch (sort) {
    case "RELEVANCE":
      return [{ _score: "desc" }, { key: "desc" }];
    case "NEWEST":
      return [{ createdAt: "desc" }, { key: "desc" }];
    case "PRICE_ASCENDING":
    case "PRICE_DESCENDING": {
      const order = sort === "PRICE_ASCENDING" ? "asc" : "desc";
      const nested = { path: "prices", filter: { term: { "prices.currency": filters.currency } } };
      return [{ "prices.amount": { order, nested } }, { key: order }];
    }
  }
};

/** The body of a `_search`. Who may find what is a filter of the query itself: no aggregation and no total gets around it. */
export const queryBody = (query: EngineQuery): Json => {
  const filters = filtersOf(query.filters);
  const priced = query.sort.startsWith("PRICE") ? [priceIn(query.filters.currency, undefined)] : [];
  const withFacets = query.facets.length > 0;
  const chosen = [...filters.values(), ...priced];
  return {
    size: query.size,
    from: query.offset,
    // OpenSearch 3.8 fails on a nested sort (UnsupportedOperationException) when it may skip what it need not count.
    track_total_hits: query.withTotal || priced.length > 0,
    _source: ["key", "type", "documentId", query.titleOnly ? "source.title" : "source"],
    query: {
      bool: {
        filter: [{ terms: { audience: query.audience } }, ...(withFacets ? [] : chosen)],
        must: query.words.map((word, at) => wordClause(word, at === query.words.length - 1, query)),
      },
    },
    // Facets count what their own filter leaves out, so the filters come after them.
    ...(withFacets ? { post_filter: { bool: { filter: chosen } }, aggs: aggregationsOf(query, filters) } : {}),
    sort: sortOf(query),
    ...(query.after ? { search_after: [Number(query.after.value), query.after.key] } : {}),
  };
};
