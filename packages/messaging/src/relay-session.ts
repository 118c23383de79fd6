import { AppError } from "@tandem/kernel";
import { type Database, findPostgresError, niceSession, toAppError } from "@tandem/postgres";
import pg from "pg";
import { WAKE_CHANNEL } from "./wake.ts";

/** The relay's own connection. */
export interface RelaySession {
  /** Connects first when it has to. @throws AppError unavailable `postgres.unavailable`; else what Postgres said */
  query<R extends pg.QueryResultRow>(
    config: pg.QueryConfig & { readonly rowMode?: "array" },
  ): Promise<pg.QueryResult<R>>;
  /** Connected, so a NOTIFY arrives. */
  readonly listening: boolean;
  close(): Promise<void>;
}

const STATEMENT_TIMEOUT_MS = 15_000;

/**
 * One connection that listens for wakes and runs the relay's few statements: consumers that have taken every connection of
 * the pool cannot hold it up, and its statements stay prepared. Comes back by itself when it is lost.
 */
export const openRelaySession = (database: Database, onWake: () => void): RelaySession => {
  let client: pg.Client | undefined;
  let opening: Promise<pg.Client> | undefined;
  let closed = false;

  const lose = (lost: pg.Client): void => {
    if (client === lost) {
      client = undefined;
      // Nobody could wake it meanwhile: the next look connects anew.
      onWake();
    }
    lost.end().catch(() => {});
  };

  const open = async (): Promise<pg.Client> => {
    const next = new pg.Client({
      connectionString: database.url,
      application_name: `${database.name} relay`,
      connectionTimeoutMillis: 5_000,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      // A server that vanished without a word: the statement's own timeout would have to come from it.
      query_timeout: STATEMENT_TIMEOUT_MS + 2_000,
      keepAlive: true,
      // A queue is empty whenever statistics are taken, and then full: every statement here has its index, and shall use it.
      // A claim or a mark that a crash of Postgres forgets (the log's tail, in order) is an event that goes out once more under its id; the
      // events themselves were flushed with their business rows. Not waiting for the disk takes two flushes out of every event's way.
      // Nor planned anew for each few numbers in a list, which was a third of a claim: with an index to each, there is one plan.
      options:
        "-c enable_seqscan=off -c enable_bitmapscan=off -c synchronous_commit=off -c plan_cache_mode=force_generic_plan",
      pipeline: true,
    });
    next.on("error", () => lose(next));
    next.on("end", () => lose(next));
    next.on("notification", onWake);
    try {
      await next.connect();
      niceSession(next, database.sessionNice);
      await next.query(`listen ${WAKE_CHANNEL}`);
    } catch (error) {
      lose(next);
      throw error;
    }
    client = next;
    if (closed) lose(next);
    return next;
  };

  const connect = (): Promise<pg.Client> => {
    if (client) return Promise.resolve(client);
    if (closed) return Promise.reject(new AppError("unavailable", "relay.closed", "The relay has been stopped"));
    opening ??= open().finally(() => {
      opening = undefined;
    });
    return opening;
  };

  return {
    query: async <R extends pg.QueryResultRow>(config: pg.QueryConfig) => {
      try {
        const connection = await connect();
        try {
          return await connection.query<R>(config);
        } catch (error) {
          // No word of the server's: the connection's state is unknown.
          if (!findPostgresError(error)) lose(connection);
          throw error;
        }
      } catch (error) {
        throw toAppError(error);
      }
    },
    get listening() {
      return client !== undefined;
    },
    close: async () => {
      closed = true;
      await opening?.catch(() => {});
      const last = client;
      client = undefined;
      await last?.end().catch(() => {});
    },
  };
};
