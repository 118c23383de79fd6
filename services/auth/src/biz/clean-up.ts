import type { Clock } from "@tandem/kernel";
import type { AuthUnitOfWork, Repositories } from "./ports.ts";

export interface CleanUpDeps {
  readonly uow: AuthUnitOfWork;
  readonly clock: Clock;
  /** How long what is over stays to be looked at. */
  readonly keepMs: number;
  /** When the attempts on an address are forgiven. */
  readonly forgetMs: number;
  /** Rows per transaction. Default 1000. */
  readonly batchSize?: number;
}

/** Deletes what is over: sessions, refresh tokens, verifications, attempts. In batches, so that no transaction is long. */
export const makeCleanUp = ({ uow, clock, keepMs, forgetMs, batchSize = 1_000 }: CleanUpDeps) => {
  const all = async (
    remove: (repositories: Repositories) => Promise<number>,
    signal?: AbortSignal,
  ): Promise<number> => {
    let total = 0;
    for (let batch = batchSize; batch === batchSize && !signal?.aborted; total += batch)
      batch = await uow.transact(remove, signal);
    return total;
  };
  return async (signal?: AbortSignal) => {
    const nowMs = clock.now().getTime();
    const over = new Date(nowMs - keepMs);
    return {
      sessions: await all(({ sessions }) => sessions.deleteOver(over, batchSize), signal),
      refreshTokens: await all(({ refreshTokens }) => refreshTokens.deleteExpired(over, batchSize), signal),
      verifications: await all(({ verifications }) => verifications.deleteExpired(over, batchSize), signal),
      attempts: await all(({ throttles }) => throttles.deleteIdle(new Date(nowMs - forgetMs), batchSize), signal),
    };
  };
};
