import type { Clock } from "@tandem/kernel";
import { fileIncomplete, taskInvalid, taskNotFound } from "../model/errors.ts";
import {
  type ChangePricesParameters,
  cancelTask,
  type ImportProductsParameters,
  isFinished,
  newTask,
  resumeTask,
  type Task,
  type TaskKind,
  type TaskParameters,
} from "../model/task.ts";
import { PRICE_TABLE } from "./change-prices.ts";
import { PRODUCT_TABLE } from "./import-products.ts";
import type { FileReader, OperationsUnitOfWork, TableShape, Tables } from "./ports.ts";

export interface ManageTaskDeps {
  readonly uow: OperationsUnitOfWork;
  readonly files: FileReader;
  readonly tables: Tables;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface CreateTaskInput {
  readonly kind: TaskKind;
  readonly parameters: TaskParameters;
  readonly requestedBy: string;
}

/**
 * Checks what is asked for and queues it. A file is read through to its end: what is no table is refused now, to the one who can repair
 * it; rows that are wrong in themselves are the task's business.
 * @throws AppError `task.invalid`, `file.not_found`, `file.incomplete`, `file.invalid`
 */
export const makeCreateTask =
  ({ uow, files, tables, clock, newId }: ManageTaskDeps) =>
  async ({ kind, parameters, requestedBy }: CreateTaskInput, signal?: AbortSignal): Promise<Task> => {
    const now = clock.now();
    const check = async (fileId: string, shape: TableShape): Promise<void> => {
      const file = await files.getById(fileId, now);
      if (file.status !== "COMPLETE") throw fileIncomplete("it was not completed yet");
      let rows = 0;
      for await (const _ of tables.read(files.readParts(fileId), shape)) rows += 1;
      if (rows === 0) throw taskInvalid("fileId", "the file has no rows");
    };
    if (kind === "import-products") await check((parameters as ImportProductsParameters).fileId, PRODUCT_TABLE);
    if (kind === "change-prices") {
      const { fileId, sellerId, currency, changeBasisPoints } = parameters as ChangePricesParameters;
      if (Boolean(fileId) === Boolean(sellerId))
        throw taskInvalid("changePrices", "either a file or a seller is needed");
      if (fileId) await check(fileId, PRICE_TABLE);
      else if (!currency || !changeBasisPoints)
        throw taskInvalid("changeBasisPoints", "a currency and a share are needed");
    }
    const task = newTask({ id: newId(), kind, parameters, requestedBy, at: now });
    return uow.transact(async ({ tasks, outbox }) => {
      await tasks.create(task);
      await outbox.tell({ actor: requestedBy, action: "task.create", task, at: now });
      return task;
    }, signal);
  };

/** @throws AppError `task.not_found`, `task.not_cancellable` */
export const makeCancelTask =
  ({ uow, clock }: ManageTaskDeps) =>
  (taskId: string, actor: string, signal?: AbortSignal): Promise<Task> =>
    uow.transact(async ({ tasks, outbox }) => {
      const before = await tasks.lockById(taskId);
      if (!before) throw taskNotFound(taskId);
      const after = cancelTask(before, clock.now());
      if (after === before) return before;
      await tasks.update(after);
      await outbox.tell({ actor, action: "task.cancel", task: after, at: clock.now() });
      if (isFinished(after)) await outbox.add(after);
      return after;
    }, signal);

/** @throws AppError `task.not_found`, `task.not_resumable` */
export const makeResumeTask =
  ({ uow, clock }: ManageTaskDeps) =>
  (taskId: string, retryFailed: boolean, actor: string, signal?: AbortSignal): Promise<Task> =>
    uow.transact(async ({ tasks, outbox }) => {
      const before = await tasks.lockById(taskId);
      if (!before) throw taskNotFound(taskId);
      const resumed = resumeTask(before, retryFailed);
      if (resumed === before) return before;
      const after = retryFailed ? { ...resumed, itemsFailed: await tasks.reopenFailed(taskId) } : resumed;
      await tasks.update(after);
      await tasks.makeDue(taskId);
      await outbox.tell({ actor, action: "task.resume", task: after, at: clock.now() });
      return after;
    }, signal);
