import type { ServiceImpl } from "@connectrpc/connect";
import { enumName } from "@tandem/contracts";
import {
  DocumentType,
  FacetDimension as ProtoFacetDimension,
  SearchSort as ProtoSort,
  type SearchRequest,
  type SearchService,
} from "@tandem/contracts/search";
import { callOf, readPage, writePage } from "@tandem/rpc";
import type { DocumentReader, EngineFacet, EngineFilters, FacetDimension, SearchSort } from "../biz/ports.ts";
import type { makeSearch, makeSuggest } from "../biz/search.ts";
import { typeFromProto } from "../events/from-proto.ts";
import { documentToProto, facetToProto, hitToProto } from "../events/to-proto.ts";
import { documentNotFound } from "../model/errors.ts";
import { entriesOf, PUBLIC } from "../model/index-entry.ts";
import { audienceOf } from "./audience-of.ts";

export interface SearchHandlersDeps {
  readonly search: ReturnType<typeof makeSearch>;
  readonly suggest: ReturnType<typeof makeSuggest>;
  readonly documents: DocumentReader;
}

const DEFAULT_CURRENCY = "EUR";

const attributesOf = (pairs: readonly string[]): Record<string, string[]> => {
  // A Map: a name may be `__proto__`.
  const byName = new Map<string, string[]>();
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    const name = pair.slice(0, at);
    byName.set(name, [...(byName.get(name) ?? []), pair.slice(at + 1)]);
  }
  return Object.fromEntries(byName);
};

const filtersOf = (request: SearchRequest): EngineFilters => ({
  types: request.types.map(typeFromProto),
  categoryIds: request.categoryIds,
  sellerIds: request.sellerIds,
  currency: request.currencyCode || DEFAULT_CURRENCY,
  minPrice: request.minPriceMinor,
  maxPrice: request.maxPriceMinor,
  inStockOnly: request.inStockOnly,
  attributes: attributesOf(request.attributes),
});

const selectedBy =
  (filters: EngineFilters, { dimension, attribute }: EngineFacet) =>
  (value: string): boolean => {
    switch (dimension) {
      case "TYPE":
        return filters.types.some((type) => type === value);
      case "CATEGORY":
        return filters.categoryIds.includes(value);
      case "SELLER":
        return filters.sellerIds.includes(value);
      case "AVAILABILITY":
        return filters.inStockOnly && value === "in_stock";
      case "ATTRIBUTES":
        return filters.attributes[attribute]?.includes(value) ?? false;
      case "PRICE": {
        const [from = "", to = ""] = value.split("-");
        return filters.minPrice?.toString() === from && (to === "" || filters.maxPrice === BigInt(to) - 1n);
      }
    }
  };

export const makeSearchHandlers = ({
  search,
  suggest,
  documents,
}: SearchHandlersDeps): Pick<ServiceImpl<typeof SearchService>, "search" | "suggest" | "getDocument"> => ({
  search: async (request, context) => {
    const filters = filtersOf(request);
    const found = await search(
      {
        q: request.q,
        audience: audienceOf(callOf(context).principal),
        filters,
        sort: request.sort === ProtoSort.UNSPECIFIED ? undefined : (enumName(ProtoSort, request.sort) as SearchSort),
        facets: request.facets.map((facet) => enumName(ProtoFacetDimension, facet) as FacetDimension),
        highlight: request.highlight,
        highlightTag: request.highlightTag || undefined,
        page: readPage(request.page),
      },
      context.signal,
    );
    return {
      hits: found.hits.map((hit) => hitToProto(hit, filters.currency)),
      facets: found.facets.map((facet) => facetToProto(facet, selectedBy(filters, facet))),
      corrected: found.corrected,
      page: writePage(found),
    };
  },

  suggest: async ({ q, limit }, context) => {
    const found = await suggest({ q, limit, audience: [PUBLIC] }, context.signal);
    return { suggestions: found.map(({ type, ...suggestion }) => ({ ...suggestion, type: DocumentType[type] })) };
  },

  getDocument: async ({ type: wanted, documentId, currencyCode }, context) => {
    const type = typeFromProto(wanted);
    const document = await documents.getById(type, documentId);
    const audience = audienceOf(callOf(context).principal);
    // An order has one entry for each that may see it: the first that this caller may.
    const entry = document && entriesOf(document).find((one) => one.audience.some((name) => audience.includes(name)));
    if (!entry) throw documentNotFound(type, documentId);
    return { document: documentToProto(type, documentId, entry.source, currencyCode || DEFAULT_CURRENCY) };
  },
});
