import type { Checkpoint, Failure, Task, TaskItem, TaskKind, TaskParameters, TaskStatus } from "../model/task.ts";

export interface TaskRow {
  readonly id: string;
  readonly kind: TaskKind;
  readonly status: TaskStatus;
  readonly parameters: TaskParameters;
  readonly requested_by: string;
  readonly planned: boolean;
  readonly checkpoint: Checkpoint | null;
  readonly items_total: string;
  readonly items_done: string;
  readonly items_failed: string;
  readonly result_file_id: string | null;
  readonly error: Failure | null;
  readonly failures: number;
  readonly version: string;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly token: string;
  readonly traceparent: string | null;
}

export const toTask = (row: TaskRow): Task => ({
  id: row.id,
  kind: row.kind,
  status: row.status,
  parameters: row.parameters,
  requestedBy: row.requested_by,
  planned: row.planned,
  checkpoint: row.checkpoint ?? undefined,
  itemsTotal: Number(row.items_total),
  itemsDone: Number(row.items_done),
  itemsFailed: Number(row.items_failed),
  resultFileId: row.result_file_id ?? undefined,
  error: row.error ?? undefined,
  failures: row.failures,
  version: BigInt(row.version),
  createdAt: row.created_at,
  startedAt: row.started_at ?? undefined,
  finishedAt: row.finished_at ?? undefined,
});

export interface ItemRow {
  readonly number: string;
  readonly line: string;
  readonly subject: string;
  readonly input: unknown;
  readonly status: TaskItem["status"];
  readonly result: string;
  readonly error: Failure | null;
}

export const toItem = (row: ItemRow): TaskItem => ({
  number: Number(row.number),
  line: Number(row.line),
  subject: row.subject,
  input: row.input,
  status: row.status,
  result: row.result,
  error: row.error ?? undefined,
});

export const ITEM_COLUMNS = "number, line, subject, input, status, result, error";
