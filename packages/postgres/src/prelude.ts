import { AsyncLocalStorage } from "node:async_hooks";
import { AppError } from "@tandem/kernel";
import type { Transaction } from "./orm.ts";

interface Prelude {
  readonly run: (tx: Transaction) => Promise<void>;
  state: "unused" | "running" | "committed";
}

const preludes = new AsyncLocalStorage<Prelude | undefined>();

/**
 * Runs `fn` such that the first transaction it opens (on any database) begins with `prelude`: an inbox row that commits
 * with the effects or not at all. Its statements go out first, and the work begins without waiting for them: where it
 * rejects, what the work has done meanwhile is rolled back and its further statements fail. The prelude runs again when that transaction is retried, and in the next one when it
 * was rolled back. To learn whether it committed, let it register an `afterCommit` hook.
 * @throws AppError internal `postgres.second_transaction` from the `transact` that would open a second one: its effects
 *   would be outside of the prelude's protection
 */
export const runWithPrelude = <T>(prelude: (tx: Transaction) => Promise<void>, fn: () => Promise<T>): Promise<T> =>
  preludes.run({ run: prelude, state: "unused" }, fn);

/** Runs `fn` outside of any prelude: for work that is nobody's effect, like a cache fill or a log row. */
export const withoutPrelude = <T>(fn: () => T): T => preludes.run(undefined, fn);

export interface ClaimedPrelude {
  run(tx: Transaction): Promise<void>;
  committed(): void;
  rolledBack(): void;
}

/** The prelude that a transaction about to open has to run; undefined when there is none. */
export const claimPrelude = (): ClaimedPrelude | undefined => {
  const prelude = preludes.getStore();
  if (!prelude) return undefined;
  if (prelude.state !== "unused")
    throw new AppError("internal", "postgres.second_transaction", "A handler may open one transaction only");
  prelude.state = "running";
  return {
    run: prelude.run,
    committed: () => {
      prelude.state = "committed";
    },
    rolledBack: () => {
      prelude.state = "unused";
    },
  };
};
