import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { AuditRecordedSchema, TaskCompletedSchema, TaskStatus } from "@tandem/contracts/common-operations";
import { newId } from "@tandem/kernel";
import { newEvent, type OutgoingEvent } from "@tandem/messaging";
import type { Task } from "../model/task.ts";

/** A task that has come to an end: done, stopped or given up. */
export const taskCompleted = (task: Task): OutgoingEvent =>
  newEvent(TaskCompletedSchema, {
    taskId: task.id,
    aggregateVersion: task.version,
    occurredAt: timestampFromDate(task.finishedAt ?? task.createdAt),
    kind: task.kind,
    status: TaskStatus[task.status],
    itemsTotal: BigInt(task.itemsTotal),
    itemsDone: BigInt(task.itemsDone),
    itemsFailed: BigInt(task.itemsFailed),
    requestedBy: task.requestedBy,
    fileId: task.resultFileId ?? "",
  });

/** Somebody asked for a task, stopped it or took it up again. */
export const taskChanged = (done: {
  readonly actor: string;
  readonly action: string;
  readonly task: Task;
  readonly at: Date;
}): OutgoingEvent =>
  newEvent(AuditRecordedSchema, {
    entryId: newId(),
    aggregateVersion: 1n,
    occurredAt: timestampFromDate(done.at),
    actor: done.actor,
    action: done.action,
    context: "common-operations",
    targetKind: "task",
    target: done.task.id,
    details: JSON.stringify({ kind: done.task.kind, ...done.task.parameters }),
  });
