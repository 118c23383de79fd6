/** One transaction over the repositories `R`: all that `work` did commits, or nothing. A port; `@tandem/postgres` implements it. */
export interface UnitOfWork<R> {
  transact<T>(work: (repositories: R) => Promise<T>, signal?: AbortSignal): Promise<T>;
}
