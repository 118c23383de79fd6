import { decodeCursor, encodeCursor } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { Page, PageRequest } from "../biz/ports.ts";

export interface ListOptions<R, T> {
  /** Names the list and its order. */
  readonly scope: string;
  /** `select ... from ... where true`: a condition and the order follow. */
  readonly select: string;
  readonly values?: readonly unknown[];
  /** A timestamp to the millisecond, and what breaks ties. */
  readonly time: string;
  readonly id: string;
  readonly idType: "uuid" | "text";
  readonly newestFirst: boolean;
  readonly position: (row: R) => readonly [time: Date, id: string];
  readonly map: (row: R) => T;
}

const DEFAULT_LIMIT = 50;

/** A page by position, or by offset with a total when that is asked for. */
export const listPage = async <R extends Record<string, unknown>, T>(
  database: Pick<Database, "query">,
  { scope, select, values = [], time, id, idType, newestFirst, position, map }: ListOptions<R, T>,
  { limit: wanted, cursor, offset }: PageRequest,
): Promise<Page<T>> => {
  const limit = wanted === 0 ? DEFAULT_LIMIT : wanted;
  const bound = [...values];
  const bind = (value: unknown) => `$${bound.push(value)}`;
  const key = `date_trunc('milliseconds', ${time})`;
  let where = "";
  if (cursor) {
    const [at, last] = decodeCursor(scope, cursor, ["instant", idType]);
    where = ` and (${key}, ${id}) ${newestFirst ? "<" : ">"} (${bind(at)}::timestamptz, ${bind(last)}::${idType})`;
  }
  const direction = newestFirst ? "desc" : "asc";
  const total =
    offset === undefined
      ? undefined
      : (await database.query<{ n: number }>(`select count(*)::int as n from (${select}) m`, [...values])).rows[0]?.n;
  const { rows } = await database.query<R>(
    `${select}${where} order by ${key} ${direction}, ${id} ${direction} limit ${bind(limit + 1)} offset ${bind(offset ?? 0)}`,
    bound,
  );
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  if (rows.length <= limit || !last || offset !== undefined) return { items: items.map(map), total };
  const [at, lastId] = position(last);
  return { items: items.map(map), nextCursor: encodeCursor(scope, [at.toISOString(), lastId]), total };
};
