/** Runs a prepared statement: the pool of a database, or the connection of a transaction. */
export interface StatementRunner {
  // biome-ignore lint/suspicious/noExplicitAny: pg's own bound of a row
  query<R extends Record<string, any>>(statement: Statement): Promise<{ readonly rows: R[] }>;
}

export interface Statement {
  /** Prepared once per connection under this name. */
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}
