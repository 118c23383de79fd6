import type { Outbox } from "@tandem/messaging";
import { type Database, makeUnitOfWork } from "@tandem/postgres";
import type { OperationsUnitOfWork } from "../biz/ports.ts";
import { taskChanged, taskCompleted } from "../events/to-outgoing-event.ts";
import { makeAuditRepository } from "./audit-store.ts";
import { makeFileRepository } from "./file-store.ts";
import { makeTaskRepository } from "./task-repository.ts";

export const makeOperationsUnitOfWork = (database: Database, outbox: Outbox): OperationsUnitOfWork =>
  makeUnitOfWork(database, (tx) => ({
    tasks: makeTaskRepository(tx),
    files: makeFileRepository(tx),
    audits: makeAuditRepository(tx),
    outbox: {
      add: (task) => outbox.in(tx).add(taskCompleted(task)),
      tell: (done) => outbox.in(tx).add(taskChanged(done)),
    },
  }));
