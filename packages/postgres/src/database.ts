import type { Tracer } from "@opentelemetry/api";
import { AppError } from "@tandem/kernel";
import type { Logger, Metrics } from "@tandem/runtime";
import pg from "pg";
import { cancelQuery } from "./cancel-query.ts";
import { toAppError } from "./errors.ts";
import { makeOrm, type Orm } from "./orm.ts";
import { observePool } from "./pool-metrics.ts";
import { observeSql, type SqlClient } from "./sql-client.ts";
import { makeTransact, type Transact, watchAbort } from "./transact.ts";

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** Names the pool in metrics and the sessions in `pg_stat_activity`; usually the binary's name. */
  readonly name: string;
  /** Default 10. */
  readonly maxConnections?: number;
  /** The server cancels a statement after this. Default 15 000; 0 switches it off. */
  readonly statementTimeoutMs?: number;
  /** The server gives up waiting for a lock after this. Default 5 000; 0 switches it off. */
  readonly lockTimeoutMs?: number;
  /** The server ends a session that idles inside a transaction for this long. Default 30 000; 0 switches it off. */
  readonly idleInTransactionTimeoutMs?: number;
  /** How long to wait for a free connection, connecting included. Default 5 000. */
  readonly acquireTimeoutMs?: number;
  /** Idle connections are closed after this. Default 60 000. */
  readonly idleConnectionMs?: number;
  /** Tries of a transaction that meets serialization failures or deadlocks, the first included. Default 5. */
  readonly maxAttempts?: number;
  readonly log?: Logger;
  readonly metrics?: Metrics;
  /** With one, every statement inside a recorded trace becomes a span. */
  readonly tracer?: Tracer;
}

export interface Database extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** For what needs a session of its own (LISTEN, COPY). Its errors come as pg throws them. */
  readonly pool: pg.Pool;
  /** Drizzle outside of a transaction, one connection per statement. Never inside `transact`: use its `tx`. */
  readonly orm: Orm;
  /** Raw SQL outside of a transaction. */
  query<R extends pg.QueryResultRow = pg.QueryResultRow>(
    query: string | pg.QueryConfig,
    values?: unknown[],
    signal?: AbortSignal,
  ): Promise<pg.QueryResult<R>>;
  /**
   * Runs `work` in one transaction and commits when it resolves. Repeats it on serialization failures and deadlocks, so
   * `work` must have no effects outside of the database. Joins the transaction in progress when there is one.
   * @throws AppError unavailable `postgres.unavailable`, `postgres.acquire_timeout`, `postgres.lock_timeout`,
   *   `postgres.commit_unknown`; conflict `postgres.serialization_failure`; deadline_exceeded
   *   `postgres.statement_timeout`, `postgres.deadline_exceeded`; cancelled `postgres.cancelled`; else what `work` threw
   */
  readonly transact: Transact;
  /** Resolves when the database answers. For readiness. */
  check(signal?: AbortSignal): Promise<void>;
  /** Waits for borrowed connections and closes the pool. Safe to repeat. */
  dispose(): Promise<void>;
}

const ACQUIRE_TIMEOUT = "timeout exceeded when trying to connect";

export const createDatabase = (options: DatabaseOptions): Database => {
  const { url, name, maxConnections = 10, acquireTimeoutMs = 5_000, maxAttempts = 5, log, metrics, tracer } = options;
  const pool = new pg.Pool({
    connectionString: url,
    application_name: name,
    max: maxConnections,
    connectionTimeoutMillis: acquireTimeoutMs,
    idleTimeoutMillis: options.idleConnectionMs ?? 60_000,
    statement_timeout: options.statementTimeoutMs ?? 15_000,
    lock_timeout: options.lockTimeoutMs ?? 5_000,
    idle_in_transaction_session_timeout: options.idleInTransactionTimeoutMs ?? 30_000,
    keepAlive: true,
    // Statements go out without waiting for the answer to the one before: BEGIN costs no round trip of its own.
    pipeline: true,
  });
  pool.on("error", (err) => log?.warn({ err, pool: name }, "an idle database connection was lost"));
  const observed = metrics && observePool(pool, name, maxConnections, metrics);

  const connect = async (signal?: AbortSignal): Promise<pg.PoolClient> => {
    const startedAt = performance.now();
    const connecting = pool.connect();
    const aborted = watchAbort(signal);
    try {
      return await (aborted ? Promise.race([connecting, aborted.promise]) : connecting);
    } catch (error) {
      // The connection may still come: back to the pool with it.
      connecting.then((client) => client.release()).catch(() => {});
      if (error instanceof Error && error.message === ACQUIRE_TIMEOUT)
        throw new AppError("unavailable", "postgres.acquire_timeout", "No database connection became free in time", {
          cause: error,
        });
      throw toAppError(error);
    } finally {
      aborted?.stop();
      observed?.acquired((performance.now() - startedAt) / 1_000);
    }
  };

  const observation = { namespace: new URL(url).pathname.slice(1), ...(tracer && { tracer }) };
  const transact = makeTransact({
    ...observation,
    acquire: connect,
    maxAttempts,
    log,
    onEnd: (outcome) => observed?.ended(outcome),
  });
  const sql = observeSql(pool, observation);

  const query: Database["query"] = async (config, values, signal) => {
    if (!signal) return (sql.query as (...args: unknown[]) => Promise<pg.QueryResult>)(config, values).catch(rethrow);
    return queryWithSignal(await connect(signal), observation, config, values, signal);
  };

  let disposed: Promise<void> | undefined;
  const dispose = () => {
    observed?.stop();
    disposed ??= pool.end();
    return disposed;
  };
  return {
    name,
    url,
    pool,
    orm: makeOrm({ query: sql.query }, (work) => transact(work as never) as never),
    query,
    transact,
    check: async (signal) => {
      await query("SELECT 1", undefined, signal);
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  } as Database;
};

const rethrow = (error: unknown): never => {
  throw toAppError(error);
};

const queryWithSignal = async (
  client: pg.PoolClient,
  observation: Parameters<typeof observeSql>[1],
  config: string | pg.QueryConfig,
  values: unknown[] | undefined,
  signal: AbortSignal,
): Promise<pg.QueryResult> => {
  const onError = () => {};
  client.on("error", onError);
  const aborted = watchAbort(signal);
  let failed = false;
  try {
    const run = (observeSql(client, observation) as SqlClient).query as (...args: unknown[]) => Promise<pg.QueryResult>;
    return await Promise.race([run(config, values), aborted?.promise ?? new Promise<never>(() => {})]);
  } catch (error) {
    failed = signal.aborted;
    if (signal.aborted) await cancelQuery(client);
    throw toAppError(error);
  } finally {
    aborted?.stop();
    client.off("error", onError);
    client.release(failed);
  }
};
