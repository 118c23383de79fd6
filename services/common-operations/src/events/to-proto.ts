import { create, type JsonObject } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { errorCatalogue } from "@tandem/contracts";
import { type ErrorInfo, ErrorInfoSchema } from "@tandem/contracts/common";
import {
  type Task as ProtoTask,
  type TaskItem as ProtoTaskItem,
  type TimelineEvent as ProtoTimelineEvent,
  TaskItemSchema,
  TaskItemStatus,
  TaskSchema,
  TaskStatus,
  TimelineEventSchema,
} from "@tandem/contracts/common-operations";
import type { Failure, Task, TaskItem } from "../model/task.ts";
import type { TimelineEvent } from "../model/timeline-event.ts";

export const timelineEventToProto = (event: TimelineEvent): ProtoTimelineEvent =>
  create(TimelineEventSchema, {
    eventId: event.eventId,
    topic: event.topic,
    type: event.type,
    source: event.source,
    subject: event.subject,
    aggregateVersion: event.aggregateVersion,
    occurredAt: timestampFromDate(event.occurredAt),
    receivedAt: timestampFromDate(event.receivedAt),
    traceId: event.traceId,
    correlationId: event.correlationId,
    references: event.references.map(({ kind, id }) => ({ kind, id })),
    foreignVersion: event.foreignVersion,
    ...(event.payload ? { payload: event.payload as JsonObject } : {}),
  });

export const failureToProto = ({ code, message, details = [] }: Failure): ErrorInfo =>
  create(ErrorInfoSchema, {
    slug: code,
    number: errorCatalogue[code]?.number ?? 0,
    message,
    violations: details.map(({ field = "", rule = "", message: text }) => ({ field, rule, message: text })),
  });

export const taskToProto = (task: Task): ProtoTask =>
  create(TaskSchema, {
    taskId: task.id,
    kind: task.kind,
    status: TaskStatus[task.status],
    itemsTotal: BigInt(task.itemsTotal),
    itemsDone: BigInt(task.itemsDone),
    itemsFailed: BigInt(task.itemsFailed),
    requestedBy: task.requestedBy,
    fileId: task.resultFileId ?? "",
    ...(task.error ? { error: failureToProto(task.error) } : {}),
    createdAt: timestampFromDate(task.createdAt),
    ...(task.startedAt ? { startedAt: timestampFromDate(task.startedAt) } : {}),
    ...(task.finishedAt ? { finishedAt: timestampFromDate(task.finishedAt) } : {}),
    version: task.version,
    parameters: JSON.stringify(task.parameters),
  });

export const taskItemToProto = (item: TaskItem): ProtoTaskItem =>
  create(TaskItemSchema, {
    number: BigInt(item.number),
    line: BigInt(item.line),
    status: TaskItemStatus[item.status],
    subject: item.subject,
    result: item.result,
    ...(item.error ? { error: failureToProto(item.error) } : {}),
  });
