import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineFacet, EngineHit, EngineQuery, EngineWrite, SearchEngine, WriteOutcome } from "../../biz/ports.ts";
import { bareSource } from "../../model/index-entry.ts";
import { createEngineHttp, type EngineAnswer, type EngineHttpOptions } from "./engine-http.ts";
import { attributeAggregation, queryBody } from "./query-body.ts";

export interface ElasticsearchEngineOptions extends EngineHttpOptions {
  /** What searches read; indexes are called `<alias>-…`. */
  readonly alias: string;
}

const template = (): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, "../../../index-templates/index.json"), "utf8"));

/** Writes go through an alias of the index's own: to an index that was dropped meanwhile they fail, instead of making it anew without its mapping. */
const writeAliasOf = (index: string): string => `${index}.write`;

const failed = (what: string, { status, body }: EngineAnswer): Error =>
  new Error(`${what}: HTTP ${status}: ${JSON.stringify(body?.error ?? body).slice(0, 300)}`);

/**
 * Elasticsearch (from 7.10) and OpenSearch behind one adapter. What is gone stays in the index as an empty document with its version, until the next
 * reindex: the engine forgets the versions of deleted documents after a while, and a late write would bring them back.
 */
export const createElasticsearchEngine = ({ alias, ...options }: ElasticsearchEngineOptions): SearchEngine => {
  const http = createEngineHttp(options);

  const expect = async (what: string, answer: Promise<EngineAnswer>, ...fine: number[]): Promise<EngineAnswer> => {
    const given = await answer;
    if (given.status >= 300 && !fine.includes(given.status)) throw failed(what, given);
    return given;
  };

  const aliasTargets = async (signal?: AbortSignal): Promise<string[]> => {
    const { status, body } = await expect("alias", http.request("GET", `/_alias/${alias}`, undefined, signal), 404);
    return status === 404 ? [] : Object.keys(body);
  };

  const aliasTarget = async (signal?: AbortSignal) => (await aliasTargets(signal)).sort().at(-1);

  const bulkLines = (index: string, writes: readonly EngineWrite[]): string =>
    writes
      .map(({ key, version, entry }) => {
        const action = {
          index: { _index: writeAliasOf(index), _id: key, version: Number(version), version_type: "external" },
        };
        return `${JSON.stringify(action)}\n${JSON.stringify(entry ? bodyOf(entry) : { key, audience: [] })}\n`;
      })
      .join("");

  return {
    name: "elasticsearch",
    aliasTarget,

    async createIndex(index, signal) {
      // Kept beside the index for whoever looks at the cluster; every index of ours has it.
      await expect(
        "index template",
        http.request(
          "PUT",
          `/_index_template/${alias}`,
          { index_patterns: [`${alias}-*`], template: template() },
          signal,
        ),
      );
      const created = await http.request("PUT", `/${index}`, { aliases: { [writeAliasOf(index)]: {} } }, signal);
      if (created.status === 400 && created.body?.error?.type === "resource_already_exists_exception") return;
      if (created.status >= 300) throw failed("create index", created);
    },

    async dropIndex(index, signal) {
      await expect("drop index", http.request("DELETE", `/${index}`, undefined, signal), 404);
    },

    async pointAlias(index, signal) {
      const others = (await aliasTargets(signal)).filter((name) => name !== index);
      const actions = [...others.map((name) => ({ remove: { index: name, alias } })), { add: { index, alias } }];
      await expect("alias", http.request("POST", "/_aliases", { actions }, signal));
    },

    async refresh(index, signal) {
      await expect("refresh", http.request("POST", `/${index}/_refresh`, undefined, signal));
    },

    async count(index, signal) {
      const query = { exists: { field: "audience" } };
      const { body } = await expect("count", http.request("POST", `/${index}/_count`, { query }, signal));
      return body.count as number;
    },

    async write(index, writes, signal) {
      if (writes.length === 0) return [];
      const answer = await expect(
        "bulk",
        http.request("POST", "/_bulk?require_alias=true", bulkLines(index, writes), signal),
      );
      return (answer.body.items as BulkItem[]).map(({ index: { status, error } }): WriteOutcome => {
        if (error?.type === "index_not_found_exception") throw new Error(`no index ${index}`);
        // 409: what is there is newer, or the same.
        if (status < 300 || status === 409) return { kind: "done" };
        const reason = `${error?.type ?? status}: ${error?.caused_by?.reason ?? error?.reason ?? ""}`;
        return { kind: status === 429 || status >= 500 ? "later" : "refused", reason };
      });
    },

    async search(query, signal) {
      const answer = await http.request("POST", `/${alias}/_search`, queryBody(query), signal);
      // Before the first index there is nothing to find.
      if (answer.status === 404) return { hits: [], facets: [], ...(query.withTotal ? { total: 0 } : {}) };
      if (answer.status >= 300) throw failed("search", answer);
      const { hits, aggregations } = answer.body;
      return {
        hits: (hits.hits as SearchHit[]).map(
          ({ _score, sort, _source }): EngineHit => ({
            ..._source,
            source: query.titleOnly ? { ...bareSource, ..._source.source } : _source.source,
            score: query.sort === "RELEVANCE" ? (_score ?? 0) : 0,
            position: `${sort[0]}`,
          }),
        ),
        total: query.withTotal ? (hits.total.value as number) : undefined,
        facets: facetsOf(query, aggregations ?? {}),
      };
    },
  };
};

interface BulkItem {
  readonly index: {
    readonly status: number;
    readonly error?: {
      readonly type?: string;
      readonly reason?: string;
      readonly caused_by?: { readonly reason?: string };
    };
  };
}

interface SearchHit {
  readonly _score: number | null;
  readonly sort: readonly (string | number)[];
  readonly _source: Pick<EngineHit, "key" | "type" | "documentId" | "source">;
}

const bodyOf = ({ prices, words, ...entry }: NonNullable<EngineWrite["entry"]>) => ({
  ...entry,
  // One string per field, words apart by blanks: the analyzer splits there and changes nothing.
  title: words.title.join(" "),
  facts: words.facts.join(" "),
  text: words.text.join(" "),
  prices: Object.entries(prices).map(([currency, { amount }]) => ({ currency, amount: Number(amount) })),
});

interface Bucket {
  readonly key: string;
  readonly doc_count: number;
}
type Aggregation = {
  readonly values?: { readonly buckets: readonly Bucket[] | Readonly<Record<string, { readonly doc_count: number }>> };
  readonly prices?: { readonly ofCurrency: Aggregation };
};

const bucketsOf = (aggregation: Aggregation | undefined): { value: string; count: number }[] => {
  const buckets = (aggregation?.prices?.ofCurrency ?? aggregation)?.values?.buckets ?? [];
  const list = Array.isArray(buckets)
    ? (buckets as readonly Bucket[])
    : Object.entries(buckets).map(([key, rest]) => ({ key, ...rest }));
  return list.filter(({ doc_count: count }) => count > 0).map(({ key, doc_count: count }) => ({ value: key, count }));
};

const byCount = (a: { value: string; count: number }, b: { value: string; count: number }): number =>
  b.count - a.count || (a.value < b.value ? -1 : 1);

const facetsOf = (query: EngineQuery, aggregations: Readonly<Record<string, Aggregation>>): EngineFacet[] =>
  query.facets.flatMap((dimension): EngineFacet[] => {
    const buckets = bucketsOf(aggregations[dimension]);
    if (dimension === "PRICE") return [{ dimension, attribute: "", buckets }];
    if (dimension !== "ATTRIBUTES") return [{ dimension, attribute: "", buckets: buckets.sort(byCount) }];
    const chosen = Object.keys(query.filters.attributes).flatMap((_, at) =>
      bucketsOf(aggregations[attributeAggregation(at)]),
    );
    const byName = new Map<string, { value: string; count: number }[]>();
    for (const { value: token, count } of [...buckets, ...chosen]) {
      const at = token.indexOf("=");
      const name = token.slice(0, at);
      byName.set(name, [...(byName.get(name) ?? []), { value: token.slice(at + 1), count }]);
    }
    return [...byName].map(([attribute, values]) => ({ dimension, attribute, buckets: values.sort(byCount) }));
  });
