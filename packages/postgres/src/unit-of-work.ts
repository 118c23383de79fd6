import type { UnitOfWork } from "@tandem/kernel";
import type { Database } from "./database.ts";
import type { Transaction } from "./orm.ts";

/** The kernel's unit of work over `database`: `bind` makes the repositories for one transaction. */
export const makeUnitOfWork = <R>(
  database: Pick<Database, "transact">,
  bind: (tx: Transaction) => R,
): UnitOfWork<R> => ({
  transact: (work, signal) => database.transact((tx) => work(bind(tx)), signal ? { signal } : {}),
});
