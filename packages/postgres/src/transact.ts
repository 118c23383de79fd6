import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError, isAppError } from "@tandem/kernel";
import type { Logger } from "@tandem/runtime";
import type pg from "pg";
import { cancelQuery } from "./cancel-query.ts";
import { abortError, isConnectionLoss, isSerializationFailure, toAppError } from "./errors.ts";
import { type CommitHooks, makeTransaction, type Transaction } from "./orm.ts";
import { claimPrelude, withoutPrelude } from "./prelude.ts";
import { type Observation, observeSql } from "./sql-client.ts";

export type Isolation = "read committed" | "repeatable read" | "serializable";

export interface TransactOptions {
  /** Ends the transaction: the running statement is cancelled, everything rolled back. */
  readonly signal?: AbortSignal;
  /** Default "read committed". */
  readonly isolation?: Isolation;
  readonly readOnly?: boolean;
}

export type Transact = <T>(work: (tx: Transaction) => Promise<T>, options?: TransactOptions) => Promise<T>;

export interface TransactDeps extends Observation {
  readonly acquire: (signal: AbortSignal | undefined) => Promise<pg.PoolClient>;
  readonly maxAttempts: number;
  readonly log: Logger | undefined;
  readonly onEnd: (outcome: "commit" | "rollback" | "retry") => void;
}

interface OpenTransaction {
  readonly owner: TransactDeps;
  readonly tx: Transaction;
  readonly isolation: Isolation;
  readonly outer: OpenTransaction | undefined;
  ended: boolean;
}

const STRENGTH: Record<Isolation, number> = { "read committed": 0, "repeatable read": 1, serializable: 2 };
// After this a connection that does not answer is dropped; the server then rolls back by itself.
const ROLLBACK_TIMEOUT_MS = 2_000;

const open = new AsyncLocalStorage<OpenTransaction>();

const findOpen = (owner: TransactDeps): OpenTransaction | undefined => {
  let found = open.getStore();
  while (found && (found.owner !== owner || found.ended)) found = found.outer;
  return found;
};

export const makeTransact = (deps: TransactDeps): Transact => {
  const { maxAttempts, onEnd } = deps;
  return async (work, options = {}) => {
    if (options.signal?.aborted) throw abortError(options.signal);
    const outer = findOpen(deps);
    if (outer) {
      const wanted = options.isolation ?? "read committed";
      if (STRENGTH[wanted] > STRENGTH[outer.isolation])
        throw new AppError("internal", "postgres.isolation_mismatch", `Cannot join ${outer.isolation} as ${wanted}`);
      return work(outer.tx);
    }
    const prelude = claimPrelude();
    const begun: typeof work = prelude
      ? async (tx) => {
          // Both begin at once, so that BEGIN, the prelude's statement and the work's first one are one packet. Postgres answers in
          // order: the prelude's verdict is here before the work has seen a row, and without it nothing commits.
          const allowed = prelude.run(tx);
          const working = work(tx);
          working.catch(ignore);
          await allowed;
          return working;
        }
      : work;
    try {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const result = await runOnce(deps, begun, options);
          prelude?.committed();
          onEnd("commit");
          return result;
        } catch (error) {
          const again = isSerializationFailure(error) && attempt < maxAttempts && !options.signal?.aborted;
          onEnd(again ? "retry" : "rollback");
          if (!again) throw toAppError(error);
          await sleep(2 ** attempt * 5 * Math.random());
        }
      }
    } catch (error) {
      prelude?.rolledBack();
      throw error;
    }
  };
};

const runOnce = async <T>(
  deps: TransactDeps,
  work: (tx: Transaction) => Promise<T>,
  { signal, isolation = "read committed", readOnly = false }: TransactOptions,
): Promise<T> => {
  const client = await deps.acquire(signal);
  // A checked-out client has no error listener of its own; without one, a server that goes away ends the process.
  client.on("error", ignore);
  const hooks: CommitHooks = { before: [], after: [] };
  const inFlight = { count: 0 };
  const guard = () => {
    if (entry.ended) throw new AppError("internal", "postgres.transaction_ended", "The transaction has ended");
  };
  const tx = makeTransaction(observeSql(client, deps, { guard, inFlight }), hooks);
  const entry: OpenTransaction = { owner: deps, tx, isolation, outer: open.getStore(), ended: false };
  const aborted = watchAbort(signal);
  let reusable = true;
  let result: T;
  try {
    // Not awaited: it travels together with the first statement, in one write, and fails only where that one fails too.
    const { stream } = client.connection;
    stream.cork();
    process.nextTick(() => stream.uncork());
    const begin = client.query(beginText(isolation, readOnly));
    begin.catch(ignore);
    const working = open.run(entry, () => work(tx));
    result = await (aborted ? Promise.race([working, aborted.promise]) : working);
    await begin;
    if (inFlight.count > 0)
      throw new AppError("internal", "postgres.statement_not_awaited", "A statement was still running at commit");
    await finish(client, deps, hooks.before, () => {
      entry.ended = true;
    });
  } catch (error) {
    entry.ended = true;
    const cancelling = signal?.aborted === true && inFlight.count > 0;
    if (cancelling) await cancelQuery(client);
    reusable = (await rollback(client, error)) && !cancelling;
    throw signal?.aborted ? abortError(signal) : error;
  } finally {
    aborted?.stop();
    client.off("error", ignore);
    client.release(!reusable);
  }
  for (const hook of hooks.after) runHook(hook, deps.log);
  return result;
};

const ignore = () => {};

const nextTick = () => new Promise<void>((resolve) => process.nextTick(resolve));

const beginText = (isolation: Isolation, readOnly: boolean): string =>
  `BEGIN${isolation === "read committed" ? "" : ` ISOLATION LEVEL ${isolation.toUpperCase()}`}${readOnly ? " READ ONLY" : ""}`;

/** Sends what is to travel with COMMIT, and COMMIT, in one packet where it can; then waits for the answers. */
const finish = async (
  client: pg.PoolClient,
  deps: TransactDeps,
  hooks: CommitHooks["before"],
  onSent: () => void,
): Promise<void> => {
  if (hooks.length === 0) {
    onSent();
    return commit(client, deps);
  }
  const failures: unknown[] = [];
  const { stream } = client.connection;
  stream.cork();
  let sent: Promise<unknown>;
  let committing: Promise<void>;
  try {
    sent = Promise.all(
      hooks.map(async (hook) => hook()).map((last) => last.catch((error) => void failures.push(error))),
    );
    onSent();
    // What could not even be sent (a bad parameter) fails in pg by the next tick, and the server would not know: COMMIT must not
    // go out after it. The first wait lets pg's own ticks run, the second all that follows from them.
    await nextTick();
    await nextTick();
    if (failures.length > 0) throw failures[0];
    committing = commit(client, deps);
  } finally {
    stream.uncork();
  }
  try {
    await committing;
  } catch (error) {
    if (!isAppError(error, "postgres.rolled_back")) throw error;
    await sent;
    throw failures[0] ?? error;
  }
  await sent;
  if (failures.length > 0)
    throw new AppError("internal", "postgres.at_commit_failed", "Committed, but an atCommit hook failed after that", {
      cause: failures[0],
    });
};

const commit = async (client: pg.PoolClient, deps: TransactDeps): Promise<void> => {
  const { command } = await observeSql(client, deps)
    .query("COMMIT")
    .catch((error: unknown) => {
      if (!isConnectionLoss(error)) throw error;
      // It may have committed. Whoever repeats the work must find out by its idempotency key.
      throw new AppError("unavailable", "postgres.commit_unknown", "The connection was lost during commit", {
        cause: error,
      });
    });
  // Postgres answers ROLLBACK, and no error, when a statement had failed and the work swallowed that.
  if (command !== "COMMIT")
    throw new AppError("internal", "postgres.rolled_back", "A statement had failed: the transaction was rolled back");
};

/** True when the connection is clean and can serve again. */
const rollback = async (client: pg.PoolClient, reason: unknown): Promise<boolean> => {
  if (isConnectionLoss(reason)) return false;
  const timeout = new AbortController();
  const late = sleep(ROLLBACK_TIMEOUT_MS, false, { signal: timeout.signal }).catch(() => false);
  const done = client.query("ROLLBACK").then(
    () => true,
    () => false,
  );
  return Promise.race([done, late]).finally(() => timeout.abort());
};

/** Rejects when `signal` aborts. */
export const watchAbort = (signal: AbortSignal | undefined): { promise: Promise<never>; stop(): void } | undefined => {
  if (!signal) return undefined;
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(ignore);
  const onAbort = () => reject(abortError(signal));
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return { promise, stop: () => signal.removeEventListener("abort", onAbort) };
};

const runHook = (hook: () => void, log: Logger | undefined): void => {
  try {
    // What a hook starts (a wake-up, a refresh) lives on after the handler, and is none of its effects.
    withoutPrelude(hook);
  } catch (err) {
    log?.error({ err }, "afterCommit hook failed");
  }
};
