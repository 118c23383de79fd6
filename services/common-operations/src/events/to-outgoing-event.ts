import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { TaskCompletedSchema, TaskStatus } from "@tandem/contracts/common-operations";
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
