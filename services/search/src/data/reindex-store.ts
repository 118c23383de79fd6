import { type Database, isUniqueViolation, type Transaction } from "@tandem/postgres";
import type { ReindexStore } from "../biz/ports.ts";
import { reindexEnded, reindexNotFound, reindexRunning } from "../model/errors.ts";
import type { ReindexRun } from "../model/indexing.ts";
import { listPage } from "./list-page.ts";

interface Row extends Record<string, unknown>, Omit<ReindexRun, "token" | "finishedAt"> {
  readonly token: string;
  readonly finishedAt: Date | null;
}

const COLUMNS = `id, index_name as "indexName", status, total::int, done::int, failed::int, resumed, last_type as "lastType",
  last_id as "lastId", token::text, error, date_trunc('milliseconds', started_at) as "startedAt", finished_at as "finishedAt"`;

const CLAIM = `
  update reindex_run r set lease_until = now() + $2 * interval '1 millisecond', token = r.token + 1,
    resumed = r.resumed + case when r.token > 0 then 1 else 0 end
  where id = (select id from reindex_run where engine = $1 and status = 'RUNNING' and lease_until < now() for update skip locked)
  returning ${COLUMNS}`;

const ANNOUNCE = `
  insert into search_index as i (name, engine, state)
  select index_name, engine, 'BUILDING' from reindex_run where id = $1 and token = $2 and status = 'RUNNING'
  on conflict (name) do update set state = i.state
  returning state`;

/** Even of an index that was never announced: it may be there. */
const RETIRE = `
  insert into search_index as i (name, engine, state) values ($1, $2, 'RETIRED')
  on conflict (name) do update set state = 'RETIRED' where i.state = 'BUILDING'`;

const fromRow = ({ token, finishedAt, ...row }: Row): ReindexRun => ({
  ...row,
  token: BigInt(token),
  finishedAt: finishedAt ?? undefined,
});

export interface ReindexStoreOptions {
  readonly database: Database;
  readonly engine: string;
  readonly newId: () => string;
  /** Of the index that a run builds. */
  readonly nameOf: (runId: string) => string;
}

export const makeReindexStore = ({ database, engine, newId, nameOf }: ReindexStoreOptions): ReindexStore => {
  /** Ends a run that is this worker's, together with what becomes of its index. */
  const end = (run: ReindexRun, status: string, error: string, work: (tx: Transaction) => Promise<unknown>) =>
    database.transact(async (tx) => {
      const { rowCount } = await tx.client.query(
        `update reindex_run set status = $3, error = $4, finished_at = now() where id = $1 and token = $2 and status = 'RUNNING'`,
        [run.id, run.token, status, error.slice(0, 1_000)],
      );
      if (rowCount === 0) return false;
      await work(tx);
      return true;
    });

  const getById = async (id: string): Promise<ReindexRun> => {
    const { rows } = await database.query<Row>(`select ${COLUMNS} from reindex_run where id = $1`, [id]);
    if (!rows[0]) throw reindexNotFound(id);
    return fromRow(rows[0]);
  };

  return {
    getById,

    async start(total) {
      const id = newId();
      try {
        return await database.transact(async (tx) => {
          const { rows } = await tx.client.query<Row>(
            `insert into reindex_run (id, engine, index_name, status, total) values ($1, $2, $3, 'RUNNING', $4) returning ${COLUMNS}`,
            [id, engine, nameOf(id), total],
          );
          return fromRow(rows[0] as Row);
        });
      } catch (error) {
        if (isUniqueViolation(error, "reindex_run_one_at_a_time")) throw reindexRunning();
        throw error;
      }
    },

    async findRunning() {
      const { rows } = await database.query<Row>(
        `select ${COLUMNS} from reindex_run where engine = $1 and status = 'RUNNING'`,
        [engine],
      );
      return rows[0] && fromRow(rows[0]);
    },

    list: (page) =>
      listPage<Row, ReindexRun>(
        database,
        {
          scope: "reindexes:started_desc",
          select: `select ${COLUMNS} from reindex_run where true`,
          time: "started_at",
          id: "id",
          idType: "uuid",
          newestFirst: true,
          position: ({ startedAt, id }) => [startedAt, id],
          map: fromRow,
        },
        page,
      ),

    async claim(leaseMs) {
      const { rows } = await database.query<Row>({
        name: "search reindex claim",
        text: CLAIM,
        values: [engine, leaseMs],
      });
      return rows[0] && fromRow(rows[0]);
    },

    async announce(run) {
      const { rows } = await database.query<{ state: string }>(ANNOUNCE, [run.id, run.token]);
      return rows[0]?.state === "BUILDING";
    },

    async progress(run, { done, failed, last }, leaseMs) {
      const { rowCount } = await database.query(
        `update reindex_run set done = $3, failed = $4, last_type = $5, last_id = $6, lease_until = now() + $7 * interval '1 millisecond'
         where id = $1 and token = $2 and status = 'RUNNING'`,
        [run.id, run.token, done, failed, last.type, last.id, leaseMs],
      );
      return (rowCount ?? 0) > 0;
    },

    async beginSwap(run, leaseMs) {
      const { rowCount } = await database.query(
        `update reindex_run set swapping = true, lease_until = now() + $3 * interval '1 millisecond'
         where id = $1 and token = $2 and status = 'RUNNING'`,
        [run.id, run.token, leaseMs],
      );
      return (rowCount ?? 0) > 0;
    },

    async release(run) {
      await database.query(
        "update reindex_run set lease_until = now() where id = $1 and token = $2 and status = 'RUNNING'",
        [run.id, run.token],
      );
    },

    finish: (run) =>
      end(run, "SUCCEEDED", "", async (tx) => {
        await tx.client.query("update search_index set state = 'RETIRED' where engine = $1 and state = 'LIVE'", [
          engine,
        ]);
        await tx.client.query("update search_index set state = 'LIVE' where name = $1", [run.indexName]);
      }),

    fail: (run, error) => end(run, "FAILED", error, (tx) => tx.client.query(RETIRE, [run.indexName, engine])),

    async cancel(id) {
      await database.transact(async (tx) => {
        const { rows } = await tx.client.query<{ status: string; index: string; swapping: boolean }>(
          "select status, index_name as index, swapping from reindex_run where id = $1 for update",
          [id],
        );
        const [row] = rows;
        if (!row) throw reindexNotFound(id);
        if (row.status === "CANCELLED") return;
        if (row.status !== "RUNNING" || row.swapping) throw reindexEnded(id);
        await tx.client.query("update reindex_run set status = 'CANCELLED', finished_at = now() where id = $1", [id]);
        await tx.client.query(RETIRE, [row.index, engine]);
      });
      return getById(id);
    },
  };
};
