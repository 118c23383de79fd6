import type { Database } from "@tandem/postgres";
import type { IndexRegistry } from "../biz/ports.ts";
import type { SearchIndex } from "../model/indexing.ts";
import { listPage } from "./list-page.ts";

const SELECT = `select name, engine, state, date_trunc('milliseconds', created_at) as "createdAt" from search_index`;

type Row = SearchIndex & Record<string, unknown>;

/** The indexes of one engine: changing the engine starts with none, and its first one is filled by a reindex. */
export const makeIndexRegistry = (database: Pick<Database, "query">, engine: string): IndexRegistry => ({
  async targets() {
    const { rows } = await database.query<Row>(`${SELECT} where engine = $1 and state in ('LIVE', 'BUILDING')`, [
      engine,
    ]);
    return rows;
  },

  list: (page) =>
    listPage<Row, SearchIndex>(
      database,
      {
        scope: "indexes:created_desc",
        select: `${SELECT} where true`,
        time: "created_at",
        id: "name",
        idType: "text",
        newestFirst: true,
        position: ({ createdAt, name }) => [createdAt, name],
        map: ({ name, engine: of, state, createdAt }) => ({ name, engine: of, state, createdAt }),
      },
      page,
    ),

  async claimLive(name) {
    await database.query(
      "insert into search_index (name, engine, state) values ($1, $2, 'LIVE') on conflict do nothing",
      [name, engine],
    );
    const { rows } = await database.query<Row>(`${SELECT} where engine = $1 and state = 'LIVE'`, [engine]);
    return rows[0]?.name ?? name;
  },

  async listRetired() {
    const { rows } = await database.query<Row>(`${SELECT} where engine = $1 and state = 'RETIRED'`, [engine]);
    return rows.map(({ name }) => name);
  },

  async remove(name) {
    await database.query("delete from search_index where name = $1 and state = 'RETIRED'", [name]);
  },
});
