import { AppError, decodeCursor, encodeCursor } from "@tandem/kernel";
import type { DocumentType } from "../model/document.ts";
import { pageTooDeep, queryInvalid } from "../model/errors.ts";
import { fingerprint } from "../model/fingerprint.ts";
import { highlight } from "../model/highlight.ts";
import { PUBLIC } from "../model/index-entry.ts";
import { type WantedWords, wordsOf } from "../model/words.ts";
import type {
  EngineFacet,
  EngineFilters,
  EngineHit,
  EngineQuery,
  EngineResult,
  FacetDimension,
  PageRequest,
  SearchEngine,
  SearchSort,
} from "./ports.ts";

export interface SearchInput {
  readonly q: string;
  /** Who asks: {@link audienceOf}. */
  readonly audience: readonly string[];
  readonly filters: EngineFilters;
  /** Undefined: by relevance with words, else newest first. */
  readonly sort?: SearchSort | undefined;
  readonly facets: readonly FacetDimension[];
  readonly highlight: boolean;
  readonly highlightTag?: string | undefined;
  readonly page: PageRequest;
}

export interface FoundHit extends EngineHit {
  readonly highlightedTitle: string;
  readonly highlightedText: string;
}

export interface SearchOutput {
  readonly hits: readonly FoundHit[];
  readonly facets: readonly EngineFacet[];
  readonly corrected: boolean;
  readonly nextCursor?: string | undefined;
  readonly total?: number | undefined;
}

const DEFAULT_LIMIT = 50;
/** More words than this narrow nothing any further. */
const MAX_WORDS = 16;
const MAX_DEPTH = 10_000;
const SNIPPET_LENGTH = 240;
const EVERYTHING: readonly DocumentType[] = ["PRODUCT", "CONTENT"];

/**
 * Finds what has all the words, the last one as a beginning; only when nothing has, what has words much like them.
 * @throws AppError `search.query_invalid`, `search.page_too_deep`, `search.engine_unavailable`, `page.cursor_invalid`
 */
export const makeSearch =
  ({ engine }: { readonly engine: SearchEngine }) =>
  async (input: SearchInput, signal?: AbortSignal): Promise<SearchOutput> => {
    const { filters, page, audience, facets } = input;
    const words = wordsOf(input.q).slice(0, MAX_WORDS);
    const limit = page.limit === 0 ? DEFAULT_LIMIT : page.limit;
    if ((page.offset ?? 0) + limit > MAX_DEPTH) throw pageTooDeep(MAX_DEPTH);
    if (filters.minPrice !== undefined && filters.maxPrice !== undefined && filters.minPrice > filters.maxPrice)
      throw queryInvalid("minPriceMinor", "range", "the least price is above the greatest");
    const sort =
      input.sort === undefined || input.sort === "RELEVANCE" ? (words.length > 0 ? "RELEVANCE" : "NEWEST") : input.sort;
    const scope = scopeOf(input, sort, words);
    const position = page.cursor ? readCursor(scope, page.cursor, sort) : undefined;
    const onlyOrders =
      facets.length === 0 && filters.types.length > 0 && filters.types.every((type) => type === "ORDER");
    const query: EngineQuery = {
      words,
      fuzzy: position?.fuzzy ?? false,
      fuzzyStart: false,
      titleOnly: false,
      audience: onlyOrders ? audience.filter((one) => one !== PUBLIC) : audience,
      filters: filters.types.length > 0 ? filters : { ...filters, types: EVERYTHING },
      sort,
      facets,
      size: limit + 1,
      offset: page.offset ?? 0,
      after: position && { value: position.value, key: position.key },
      withTotal: page.offset !== undefined,
    };
    // Signs only: nothing has them. Orders for somebody who is nobody: neither.
    if ((words.length === 0 && input.q.trim() !== "") || query.audience.length === 0)
      return { hits: [], facets: [], corrected: false, total: query.withTotal ? 0 : undefined };
    const { result, used } = await findOrCorrect(engine, query, signal);
    const hits = result.hits.slice(0, limit);
    const last = hits.at(-1);
    const more = result.hits.length > limit && last !== undefined && page.offset === undefined;
    return {
      hits: hits.map((hit) => ({
        ...hit,
        ...(input.highlight ? marked(hit, used, input.highlightTag) : { highlightedTitle: "", highlightedText: "" }),
      })),
      facets: result.facets,
      corrected: used.fuzzy,
      nextCursor: more ? encodeCursor(scope, [used.fuzzy, last.position, last.key]) : undefined,
      total: result.total,
    };
  };

/** A page behind the first never changes between the two: the cursor says which it was, and a total that is not 0. */
const findOrCorrect = async (
  engine: SearchEngine,
  query: EngineQuery,
  signal?: AbortSignal,
): Promise<{ readonly result: EngineResult; readonly used: EngineQuery }> => {
  const result = await engine.search(query, signal);
  const found = query.withTotal ? (result.total ?? 0) > 0 : result.hits.length > 0;
  if (found || query.after || query.words.length === 0 || query.fuzzy) return { result, used: query };
  const corrected = { ...query, fuzzy: true };
  const second = await engine.search(corrected, signal);
  return second.hits.length > 0 || (second.total ?? 0) > 0
    ? { result: second, used: corrected }
    : { result, used: query };
};

const marked = (hit: EngineHit, wanted: WantedWords, tag: string | undefined) => ({
  highlightedTitle: highlight(hit.source.title, wanted, tag ? { tag } : {}),
  highlightedText: highlight(hit.source.text, wanted, { ...(tag ? { tag } : {}), maxLength: SNIPPET_LENGTH }),
});

/** A cursor belongs to the very search that gave it out; who asks is not part of it, as the filter applies to every page anyhow. */
const scopeOf = ({ filters }: SearchInput, sort: SearchSort, words: readonly string[]): string => {
  const { minPrice, maxPrice, ...rest } = filters;
  const text = JSON.stringify([sort, words, rest, minPrice?.toString(), maxPrice?.toString()]);
  return `search:${fingerprint(text)}`;
};

const POSITIONS: Readonly<Record<SearchSort, RegExp>> = {
  RELEVANCE: /^\d{1,10}(\.\d{1,25})?(e[+-]?\d{1,2})?$/i,
  PRICE_ASCENDING: /^-?\d{1,18}$/,
  PRICE_DESCENDING: /^-?\d{1,18}$/,
  // Milliseconds since 1970.
  NEWEST: /^-?\d{1,14}$/,
};

/** Cursors can be made up: what is in them is checked before it gets near an engine. */
const readCursor = (scope: string, cursor: string, sort: SearchSort) => {
  const [fuzzy, value, key] = decodeCursor(scope, cursor, ["boolean", "text", "text"]);
  if (POSITIONS[sort].test(value) && /^[A-Z]+(:[0-9a-f-]{36}){1,2}$/.test(key)) return { fuzzy, value, key };
  throw new AppError("invalid_argument", "page.cursor_invalid", "The cursor is not one that this API gave out.");
};

export interface FoundSuggestion {
  readonly text: string;
  readonly highlightedText: string;
  readonly type: DocumentType;
  readonly documentId: string;
}

/** Titles with these words, the last one begun; mistyped ones when there are none. Only of what anyone may find. */
export const makeSuggest =
  ({ engine }: { readonly engine: SearchEngine }) =>
  async (
    input: { readonly q: string; readonly limit: number; readonly audience: readonly string[] },
    signal?: AbortSignal,
  ): Promise<readonly FoundSuggestion[]> => {
    const words = wordsOf(input.q).slice(0, MAX_WORDS);
    if (words.length === 0) return [];
    const size = input.limit === 0 ? 8 : input.limit;
    const query: EngineQuery = {
      words,
      fuzzy: false,
      fuzzyStart: true,
      titleOnly: true,
      audience: input.audience,
      filters: {
        types: EVERYTHING,
        categoryIds: [],
        sellerIds: [],
        currency: "EUR",
        inStockOnly: false,
        attributes: {},
      },
      sort: "RELEVANCE",
      facets: [],
      // Many products may have one title.
      size: size * 4,
      offset: 0,
      withTotal: false,
    };
    const { result, used } = await findOrCorrect(engine, query, signal);
    const titles = new Map<string, FoundSuggestion>();
    for (const { type, documentId, source } of result.hits) {
      const key = source.title.toLowerCase();
      if (!titles.has(key))
        titles.set(key, { text: source.title, highlightedText: highlight(source.title, used), type, documentId });
    }
    return [...titles.values()].slice(0, size);
  };
