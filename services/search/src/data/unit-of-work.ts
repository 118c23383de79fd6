import { type Database, makeUnitOfWork } from "@tandem/postgres";
import type { SearchUnitOfWork } from "../biz/ports.ts";
import { makeDocumentRepository } from "./document-repository.ts";

/** `wake` runs after each commit: there may be something to tell the engine. */
export const makeSearchUnitOfWork = (database: Database, wake: () => void = () => {}): SearchUnitOfWork =>
  makeUnitOfWork(database, (tx) => {
    tx.afterCommit(wake);
    return { documents: makeDocumentRepository(tx) };
  });
