import { defineStateMachine } from "@tandem/kernel";
import { notCancellable, notResumable } from "./errors.ts";

export type TaskKind = "import-products" | "export-orders" | "change-prices" | "replay-dead-letters";

export type TaskStatus =
  | "PENDING"
  | "RUNNING"
  | "CANCELLING"
  | "CANCELLED"
  | "SUCCEEDED"
  | "SUCCEEDED_WITH_ERRORS"
  | "FAILED";

export const taskStates = defineStateMachine<TaskStatus>({
  PENDING: ["RUNNING", "CANCELLED"],
  RUNNING: ["CANCELLING", "CANCELLED", "SUCCEEDED", "SUCCEEDED_WITH_ERRORS", "FAILED"],
  CANCELLING: ["CANCELLED", "FAILED"],
  CANCELLED: ["PENDING"],
  FAILED: ["PENDING"],
  SUCCEEDED_WITH_ERRORS: ["PENDING"],
  SUCCEEDED: [],
});

/** Why something failed, as it is stored and shown. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly details?: readonly { readonly field?: string; readonly rule?: string; readonly message: string }[];
}

export interface ImportProductsParameters {
  readonly fileId: string;
  readonly sellerId: string;
}
export interface ExportOrdersParameters {
  readonly customerId?: string | undefined;
  readonly sellerId?: string | undefined;
  readonly status?: string | undefined;
}
export interface ChangePricesParameters {
  readonly fileId?: string | undefined;
  readonly sellerId?: string | undefined;
  readonly currency?: string | undefined;
  readonly changeBasisPoints?: number | undefined;
}
export interface ReplayDeadLettersParameters {
  /** Undefined: all that are open. */
  readonly fingerprint?: string | undefined;
  readonly maxPerSecond: number;
}
export type TaskParameters =
  | ImportProductsParameters
  | ExportOrdersParameters
  | ChangePricesParameters
  | ReplayDeadLettersParameters;

export interface Task {
  readonly id: string;
  readonly kind: TaskKind;
  readonly status: TaskStatus;
  readonly parameters: TaskParameters;
  readonly requestedBy: string;
  readonly planned: boolean;
  /** Where an export goes on. */
  readonly checkpoint: Checkpoint | undefined;
  readonly itemsTotal: number;
  readonly itemsDone: number;
  readonly itemsFailed: number;
  readonly resultFileId: string | undefined;
  readonly error: Failure | undefined;
  /** Steps in a row that could not be done; 0 after one that could. */
  readonly failures: number;
  readonly version: bigint;
  readonly createdAt: Date;
  readonly startedAt: Date | undefined;
  readonly finishedAt: Date | undefined;
}

export interface Checkpoint {
  readonly cursor: string;
  /** Parts of the result that are written. */
  readonly parts: number;
}

/** A task that a worker holds: nobody else writes to it while the token is the highest. */
export interface ClaimedTask extends Task {
  readonly token: bigint;
  readonly traceparent: string | undefined;
}

export interface TaskItem {
  readonly number: number;
  readonly line: number;
  readonly subject: string;
  readonly input: unknown;
  readonly status: "PENDING" | "DONE" | "FAILED";
  readonly result: string;
  readonly error: Failure | undefined;
}

/** One step's word about one item. */
export type ItemOutcome =
  | { readonly number: number; readonly status: "DONE"; readonly result: string }
  | { readonly number: number; readonly status: "FAILED"; readonly error: Failure };

export const newTask = (init: {
  readonly id: string;
  readonly kind: TaskKind;
  readonly parameters: TaskParameters;
  readonly requestedBy: string;
  readonly at: Date;
}): Task => ({
  id: init.id,
  kind: init.kind,
  parameters: init.parameters,
  requestedBy: init.requestedBy,
  status: "PENDING",
  planned: false,
  checkpoint: undefined,
  itemsTotal: 0,
  itemsDone: 0,
  itemsFailed: 0,
  resultFileId: undefined,
  error: undefined,
  failures: 0,
  version: 1n,
  createdAt: init.at,
  startedAt: undefined,
  finishedAt: undefined,
});

export const isFinished = ({ status }: Pick<Task, "status">): boolean =>
  status !== "PENDING" && status !== "RUNNING" && status !== "CANCELLING";

/**
 * Asked to stop: at once when nobody works on it, else at its next step. One that is stopped comes back unchanged.
 * @throws AppError `task.not_cancellable`
 */
export const cancelTask = (task: Task, at: Date): Task => {
  if (task.status === "CANCELLED" || task.status === "CANCELLING") return task;
  if (task.status === "PENDING") return finishTask(task, "CANCELLED", at);
  if (!taskStates.can(task.status, "CANCELLING")) throw notCancellable(task.id, task.status);
  return { ...task, status: "CANCELLING", version: task.version + 1n };
};

/**
 * Back into the queue, to go on where it was. One that waits or runs comes back unchanged.
 * @throws AppError `task.not_resumable`
 */
export const resumeTask = (task: Task, retryFailed: boolean): Task => {
  if (task.status === "PENDING" || task.status === "RUNNING") return task;
  const ended = task.status === "CANCELLED" || task.status === "FAILED";
  if (!ended && !(retryFailed && task.status === "SUCCEEDED_WITH_ERRORS")) throw notResumable(task.id, task.status);
  return {
    ...task,
    status: "PENDING",
    error: undefined,
    failures: 0,
    finishedAt: undefined,
    version: task.version + 1n,
  };
};

export const finishTask = (task: Task, status: TaskStatus, at: Date, error?: Failure): Task => {
  taskStates.assert(task.status, status);
  return { ...task, status, error, finishedAt: at, version: task.version + 1n };
};

/** How a task without open items ends. */
export const outcomeOf = ({ itemsFailed }: Pick<Task, "itemsFailed">): TaskStatus =>
  itemsFailed > 0 ? "SUCCEEDED_WITH_ERRORS" : "SUCCEEDED";
