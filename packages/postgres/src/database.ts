import type { Tracer } from "@opentelemetry/api";
import type { Logger, Metrics } from "@tandem/runtime";
import pg from "pg";
import { cancelQuery } from "./cancel-query.ts";
import { isConnectionLoss, toAppError } from "./errors.ts";
import { niceSession } from "./nice-session.ts";
import { makeOrm, type Orm } from "./orm.ts";
import { observePool } from "./pool-metrics.ts";
import { type Observation, observeSql, type SqlClient } from "./sql-client.ts";
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
  /** How long `dispose` waits for borrowed connections before it cuts them. Default 5 000. */
  readonly disposeTimeoutMs?: number;
  /** Tries of a transaction that meets serialization failures or deadlocks, the first included. Default 5. */
  readonly maxAttempts?: number;
  /** How far its sessions yield to others in the server, 1 to 19 (`nice`). Only for a server of this machine. Default: not at all. */
  readonly sessionNice?: number | undefined;
  readonly log?: Logger;
  readonly metrics?: Metrics;
  /** With one, every statement inside a recorded trace becomes a span. */
  readonly tracer?: Tracer;
}

export interface Database extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** For sessions opened beside the pool. */
  readonly sessionNice: number | undefined;
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

export const createDatabase = (options: DatabaseOptions): Database => {
  const { url, name, maxConnections = 10, acquireTimeoutMs = 5_000, maxAttempts = 5, log, metrics, tracer } = options;
  const { sessionNice } = options;
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
  pool.on("error", (err) => {
    // While the pool ends, its goodbyes and the server's may cross: nobody lost anything.
    if (!pool.ending) log?.warn({ err, pool: name }, "an idle database connection was lost");
  });
  pool.on("connect", (client) => niceSession(client, sessionNice));
  const close = makeClose(pool, options.disposeTimeoutMs ?? 5_000);

  const acquire = async (signal?: AbortSignal): Promise<pg.PoolClient> => {
    const startedAt = performance.now();
    const connecting = pool.connect();
    const aborted = watchAbort(signal);
    try {
      return await (aborted ? Promise.race([connecting, aborted.promise]) : connecting);
    } catch (error) {
      // The connection may still come: back to the pool with it.
      connecting.then((client) => client.release()).catch(() => {});
      throw toAppError(error);
    } finally {
      aborted?.stop();
      observed?.acquired((performance.now() - startedAt) / 1_000);
    }
  };

  const observation = { namespace: new URL(url).pathname.slice(1), ...(tracer && { tracer }) };
  const transact = makeTransact({
    ...observation,
    acquire,
    maxAttempts,
    log,
    onEnd: (outcome) => observed?.ended(outcome),
  });
  const query = (async (config, values, signal) =>
    runStatement(await acquire(signal), observation, [config, values], signal)) as Database["query"];

  const observed = metrics && observePool({ pool, name, maxConnections, metrics, query });
  let disposed: Promise<void> | undefined;
  const dispose = () => {
    observed?.stop();
    disposed ??= close();
    return disposed;
  };
  return {
    name,
    url,
    sessionNice,
    pool,
    orm: makeOrm({ query } as SqlClient, ((work: never) => transact(work)) as Orm["transaction"]),
    query,
    transact,
    check: async (signal) => {
      await query("SELECT 1", undefined, signal);
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
};

const ignore = () => {};

/** One statement on `client`, which goes back to the pool. */
const runStatement = async (
  client: pg.PoolClient,
  observation: Observation,
  args: [string | pg.QueryConfig, unknown[] | undefined],
  signal: AbortSignal | undefined,
): Promise<pg.QueryResult> => {
  client.on("error", ignore);
  const aborted = watchAbort(signal);
  let reusable = true;
  try {
    const running = observeSql(client, observation).query(...args);
    return await (aborted ? Promise.race([running, aborted.promise]) : running);
  } catch (error) {
    if (signal?.aborted) await cancelQuery(client);
    reusable = !signal?.aborted && !isConnectionLoss(error);
    throw toAppError(error);
  } finally {
    aborted?.stop();
    client.off("error", ignore);
    client.release(!reusable);
  }
};

/** Ends the pool; connections still borrowed after `timeoutMs` are cut, so that a forgotten one cannot hold up an exit. */
const makeClose = (pool: pg.Pool, timeoutMs: number) => {
  const borrowed = new Set<pg.PoolClient>();
  let cut = false;
  const destroy = ({ connection }: pg.PoolClient) => connection.stream.destroy();
  pool.on("acquire", (client) => (cut ? destroy(client) : borrowed.add(client)));
  pool.on("release", (_error, client) => borrowed.delete(client));
  return async () => {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      cut = true;
      borrowed.forEach(destroy);
      late.resolve(); // the pool itself would go on waiting for them
    }, timeoutMs);
    await Promise.race([pool.end(), late.promise]);
    clearTimeout(timer);
  };
};
