import { type Database, findPostgresError } from "@tandem/postgres";
import type { EngineWrite, SearchEngine, WriteOutcome } from "../../biz/ports.ts";
import { nameOf, tableOf } from "./names.ts";
import { toTsVector } from "./tsquery.ts";

/** Entries and the words that they are made of, to find those that are much like one that nobody wrote. */
const WRITE = (table: string) => `
  with words as (
    insert into pg_engine_word (index_name, word) select $2, w from unnest($3::text[]) w on conflict do nothing)
  insert into ${table} as d
    (key, version, deleted, type, document_id, audience, category_ids, seller_ids, attribute_tokens, prices, available, words, created_at, source)
  select key, version, deleted, type, document_id, audience, category_ids, seller_ids, attribute_tokens, prices, available, words::tsvector,
    created_at, source
  from jsonb_to_recordset($1::jsonb) as w (key text, version bigint, deleted boolean, type text, document_id uuid, audience text[],
    category_ids uuid[], seller_ids uuid[], attribute_tokens text[], prices jsonb, available integer, words text, created_at timestamptz, source jsonb)
  on conflict (key) do update set version = excluded.version, deleted = excluded.deleted, type = excluded.type,
    document_id = excluded.document_id, audience = excluded.audience, category_ids = excluded.category_ids, seller_ids = excluded.seller_ids,
    attribute_tokens = excluded.attribute_tokens, prices = excluded.prices, available = excluded.available, words = excluded.words,
    created_at = excluded.created_at, source = excluded.source
  where d.version < excluded.version`;

const rowOf = ({ key, version, entry }: EngineWrite) => {
  const [type = "CONTENT", document_id = key] = key.split(":");
  const gone = {
    audience: [],
    category_ids: [],
    seller_ids: [],
    attribute_tokens: [],
    prices: {},
    available: 0,
    words: "",
  };
  const common = { key, version: version.toString(), type, document_id };
  if (!entry) return { ...common, ...gone, deleted: true, created_at: "1970-01-01T00:00:00Z", source: {} };
  return {
    ...common,
    deleted: false,
    audience: entry.audience,
    category_ids: entry.categoryIds,
    seller_ids: entry.sellerIds,
    attribute_tokens: entry.attributeTokens,
    prices: entry.prices,
    available: entry.available,
    words: toTsVector(entry.words),
    created_at: entry.createdAt,
    source: entry.source,
  };
};

/** Writes states of entries, all in one statement; one that Postgres will not take is refused alone. */
export const makeWriteEntries = (database: Pick<Database, "query">): SearchEngine["write"] => {
  const putAll = async (index: string, writes: readonly EngineWrite[], signal?: AbortSignal): Promise<void> => {
    // One statement may not touch a row twice: of one key only the newest counts.
    const newest = new Map<string, EngineWrite>();
    for (const write of writes)
      if ((newest.get(write.key)?.version ?? 0n) < write.version) newest.set(write.key, write);
    // In one order everywhere, so that two workers do not wait for each other.
    const ordered = [...newest.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    const words = new Set(
      ordered.flatMap(({ entry }) => (entry ? [...entry.words.title, ...entry.words.facts, ...entry.words.text] : [])),
    );
    await database.query(
      {
        name: nameOf("write", index),
        text: WRITE(tableOf(index)),
        values: [JSON.stringify(ordered.map(rowOf)), index, [...words].filter((word) => word.length > 2).sort()],
      },
      undefined,
      signal,
    );
  };

  /** One that Postgres will not take must not keep the others out: then each goes by itself. */
  const writeAll = async (
    index: string,
    writes: readonly EngineWrite[],
    signal?: AbortSignal,
  ): Promise<readonly WriteOutcome[]> => {
    try {
      await putAll(index, writes, signal);
      return writes.map(() => ({ kind: "done" }));
    } catch (error) {
      const { code, message } = findPostgresError(error) ?? {};
      // Data that does not fit: wrong value, broken constraint, too long for an index.
      if (code === undefined || !/^(22|23|54)/.test(code)) throw error;
      if (writes.length === 1) return [{ kind: "refused", reason: `${code} ${message ?? ""}` }];
    }
    const outcomes: WriteOutcome[] = [];
    for (const write of writes) outcomes.push(...(await writeAll(index, [write], signal)));
    return outcomes;
  };

  return writeAll;
};
