import { type Database, findPostgresError } from "@tandem/postgres";
import type { EngineFacet, EngineHit, EngineQuery, SearchEngine } from "../../biz/ports.ts";
import type { DocumentType } from "../../model/document.ts";
import { bareSource, type EntrySource } from "../../model/index-entry.ts";
import { isAlike } from "../../model/words.ts";
import { priceRange } from "../price-ranges.ts";
import { nameOf, tableOf } from "./names.ts";
import { countSql, facetsSql, hitsSql, type Statement } from "./search-sql.ts";
import { toTsQuery } from "./tsquery.ts";
import { makeWriteEntries } from "./write-entries.ts";

export interface PostgresEngineOptions {
  readonly database: Pick<Database, "query" | "transact">;
  /** Default `search`. */
  readonly alias?: string;
  /** How long the alias is believed without a look: after a swap, searches read the old index for so long. Default 1000. */
  readonly aliasTtlMs?: number;
}

interface HitRow extends Record<string, unknown> {
  readonly key: string;
  readonly type: DocumentType;
  readonly documentId: string;
  readonly source: EntrySource;
  readonly position: string;
}

interface FacetRow extends Record<string, unknown> {
  readonly dimension: EngineFacet["dimension"];
  readonly attribute: string;
  readonly value: string;
  readonly n: number;
}

const MAX_LIKES = 12;
/** Shapes of searches that connections keep prepared; what comes after these is planned each time. */
const MAX_NAMES = 100;
const UNDEFINED_TABLE = "42P01";

/** Full text in Postgres: nothing to install, and enough for a shop of some hundred thousand products. */
export const createPostgresEngine = ({
  database,
  alias = "search",
  aliasTtlMs = 1_000,
}: PostgresEngineOptions): SearchEngine => {
  let known: { readonly index: string; readonly until: number } | undefined;

  const aliasTarget = async (signal?: AbortSignal) => {
    const { rows } = await database.query<{ index: string }>(
      {
        name: "search alias",
        text: "select index_name as index from pg_engine_alias where alias = $1",
        values: [alias],
      },
      undefined,
      signal,
    );
    return rows[0]?.index;
  };

  const liveIndex = async (signal?: AbortSignal): Promise<string | undefined> => {
    if (known && known.until > performance.now()) return known.index;
    const index = await aliasTarget(signal);
    // Another table, other statements.
    if (index !== known?.index) names.clear();
    known = index === undefined ? undefined : { index, until: performance.now() + aliasTtlMs };
    return index;
  };

  const names = new Map<string, string>();
  /**
   * Searches for words are all alike to the planner: the index of words, then what is found. Connections keep the plan: a fifth to a
   * half of what a search costs. What has no words is planned for what it filters by.
   */
  const nameFor = (text: string, { sort, words }: EngineQuery): string | undefined => {
    if (sort !== "RELEVANCE" || words.length === 0) return undefined;
    const known = names.get(text);
    if (known !== undefined || names.size >= MAX_NAMES) return known;
    const name = nameOf("search", text);
    names.set(text, name);
    return name;
  };

  const run = <R extends Record<string, unknown>>(
    { text, values }: Statement,
    query: EngineQuery,
    signal?: AbortSignal,
  ) => {
    const name = nameFor(text, query);
    return database.query<R>({ text, values: [...values], ...(name ? { name } : {}) }, undefined, signal);
  };

  /** Words of the index that are much like each of those wanted. */
  const likesOf = (index: string, { words, fuzzyStart }: EngineQuery) =>
    Promise.all(
      words.map(async (word, at) => {
        const asStart = fuzzyStart && at === words.length - 1;
        const { rows } = asStart
          ? await database.query<{ word: string }>("select pg_engine_similar_starts($1, $2, $3) as word", [
              index,
              word,
              word.length - 2,
            ])
          : await database.query<{ word: string }>("select pg_engine_similar_words($1, $2, $3, $4) as word", [
              index,
              word,
              word.length - 2,
              word.length + 2,
            ]);
        const alike = rows.map((row) => row.word).filter((one) => one !== word && isAlike(word, one, asStart));
        return [word, ...alike.slice(0, MAX_LIKES)];
      }),
    );

  const searchIn = async (index: string, query: EngineQuery, signal?: AbortSignal) => {
    const table = tableOf(index);
    const wanted = query.words.length > 0;
    const alternatives = !query.fuzzy ? query.words.map((word) => [word]) : await likesOf(index, query);
    const tsquery = wanted ? toTsQuery(alternatives, query.titleOnly) : undefined;
    const [hits, count, facets] = await Promise.all([
      run<HitRow>(hitsSql(table, query, tsquery, tsquery), query, signal),
      query.withTotal ? run<{ total: number }>(countSql(table, query, tsquery), query, signal) : undefined,
      query.facets.length > 0 ? run<FacetRow>(facetsSql(table, query, tsquery), query, signal) : undefined,
    ]);
    return {
      hits: hits.rows.map(
        ({ position, source, ...hit }): EngineHit => ({
          ...hit,
          source: query.titleOnly ? { ...bareSource, ...source } : source,
          position,
          score: query.sort === "RELEVANCE" ? Number(position) : 0,
        }),
      ),
      total: count?.rows[0]?.total,
      facets: groupFacets(query, facets?.rows ?? []),
    };
  };

  return {
    name: "postgres",
    aliasTarget,

    async createIndex(index, signal) {
      await database.query(
        // Room for the next state of an entry in its page: what changes neither words nor price then touches none of the indexes.
        `create table if not exists ${tableOf(index)} (like pg_engine_template including all) with (fillfactor = 80)`,
        undefined,
        signal,
      );
    },

    async dropIndex(index, signal) {
      await database.query(`drop table if exists ${tableOf(index)}`, undefined, signal);
      await database.query("delete from pg_engine_word where index_name = $1", [index], signal);
    },

    async pointAlias(index, signal) {
      await database.query(
        "insert into pg_engine_alias (alias, index_name) values ($1, $2) on conflict (alias) do update set index_name = excluded.index_name",
        [alias, index],
        signal,
      );
      known = undefined;
    },

    async refresh(index, signal) {
      await database.query(`analyze ${tableOf(index)}`, undefined, signal);
    },

    async count(index, signal) {
      const { rows } = await database.query<{ n: number }>(
        `select count(*)::int as n from ${tableOf(index)} where not deleted`,
        undefined,
        signal,
      );
      return rows[0]?.n ?? 0;
    },

    write: makeWriteEntries(database),

    async search(query, signal) {
      const index = await liveIndex(signal);
      if (index === undefined) return { hits: [], facets: [], ...(query.withTotal ? { total: 0 } : {}) };
      try {
        return await searchIn(index, query, signal);
      } catch (error) {
        if (findPostgresError(error)?.code !== UNDEFINED_TABLE) throw error;
        // Swapped and dropped since the alias was looked at.
        known = undefined;
        const next = await liveIndex(signal);
        if (next === undefined || next === index) throw error;
        return searchIn(next, query, signal);
      }
    },
  };
};

const groupFacets = (query: EngineQuery, rows: readonly FacetRow[]): EngineFacet[] => {
  const facets = new Map<
    string,
    {
      dimension: EngineFacet["dimension"];
      attribute: string;
      buckets: { value: string; count: number; order: number }[];
    }
  >();
  for (const dimension of query.facets)
    if (dimension !== "ATTRIBUTES") facets.set(`${dimension} `, { dimension, attribute: "", buckets: [] });
  for (const { dimension, attribute, value, n } of rows) {
    const key = `${dimension} ${attribute}`;
    const facet = facets.get(key) ?? { dimension, attribute, buckets: [] };
    facets.set(key, facet);
    const range = dimension === "PRICE";
    facet.buckets.push({
      value: range ? priceRange(Number(value) - 1) : value,
      count: n,
      order: range ? -Number(value) : n,
    });
  }
  return [...facets.values()].map(({ buckets, ...facet }) => ({
    ...facet,
    buckets: buckets
      .sort((a, b) => b.order - a.order || (a.value < b.value ? -1 : 1))
      .map(({ value, count }) => ({ value, count })),
  }));
};
