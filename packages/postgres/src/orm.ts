import { type NodePgClient, NodePgDatabase, NodePgSession, NodePgTransaction } from "drizzle-orm/node-postgres";
import { PgDialect } from "drizzle-orm/pg-core";
import { nameStatement } from "./name-statement.ts";
import type { SqlClient } from "./sql-client.ts";

type NoSchema = Record<string, never>;

/** Drizzle over pg: what repositories take, so that they work with and without a transaction. */
export type Orm = NodePgDatabase<NoSchema>;

/** One open transaction. Dead once it has ended: a forgotten `await` fails instead of writing into a stranger's transaction. */
export type Transaction = Orm & {
  /** Raw SQL in this transaction. */
  readonly client: SqlClient;
  /** Runs `fn` once, after the outermost commit; never on rollback. What it throws is logged, not thrown. */
  afterCommit(fn: () => void): void;
  /**
   * Runs `fn` when the work is done and before the outermost commit. Statements that it sends before its first `await` travel
   * together with COMMIT: what must be in the transaction and nobody waits for (an outbox row) costs no round trip. What it
   * rejects with fails the transaction.
   */
  atCommit(fn: () => Promise<unknown>): void;
};

/** What a transaction was asked to do at its end. */
export interface CommitHooks {
  readonly before: (() => Promise<unknown>)[];
  readonly after: (() => void)[];
}

const dialect = new PgDialect();

/**
 * Without drizzle's own wrapping of errors: it puts the parameters (card tokens, addresses) into the message.
 * Callers see what pg threw.
 */
class PlainSession extends NodePgSession<NoSchema, NoSchema> {
  override prepareQuery: NodePgSession<NoSchema, NoSchema>["prepareQuery"] = (...args) => {
    args[2] ??= nameStatement(args[0].sql);
    const prepared = NodePgSession.prototype.prepareQuery.apply(this, args);
    Object.assign(prepared, {
      queryWithCache: (_sql: string, _params: unknown[], run: () => Promise<unknown>) => run(),
    });
    return prepared as never;
  };
}

const sessionOf = (client: SqlClient) => new PlainSession(client as NodePgClient, dialect, undefined, {});

/** Drizzle on `client`; its own `transaction` is replaced, because it knows nothing of joins, retries and the inbox. */
export const makeOrm = (client: SqlClient, transaction: Orm["transaction"]): Orm =>
  Object.assign(new NodePgDatabase<NoSchema>(dialect as never, sessionOf(client) as never, undefined), { transaction });

export const makeTransaction = (client: SqlClient, { before, after }: CommitHooks): Transaction =>
  Object.assign(new NodePgTransaction<NoSchema, NoSchema>(dialect as never, sessionOf(client) as never, undefined), {
    client,
    afterCommit: (fn: () => void) => void after.push(fn),
    atCommit: (fn: () => Promise<unknown>) => void before.push(fn),
  }) as unknown as Transaction;
