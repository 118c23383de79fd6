import type { ApiParts, Platform } from "@tandem/chassis";
import { FileService, TaskService, TimelineService } from "@tandem/contracts/common-operations";
import { newId } from "@tandem/kernel";
import { registerService } from "@tandem/rpc";
import { makeCancelTask, makeCreateTask, makeResumeTask } from "../biz/manage-task.ts";
import { makeCompleteFile, makeOpenFile, makePutFilePart, makeUploadFile } from "../biz/store-file.ts";
import type { CommonOperationsApiConfig } from "../config/config.ts";
import { csvTables } from "../data/csv/tables.ts";
import { makeFileReader } from "../data/file-store.ts";
import { newSha256 } from "../data/new-digest.ts";
import { makeTaskReader } from "../data/task-reader.ts";
import { makeTimelineReader } from "../data/timeline-reader.ts";
import { makeOperationsUnitOfWork } from "../data/unit-of-work.ts";
import { makeFileHandlers } from "../service/file-handlers.ts";
import { makeTaskHandlers } from "../service/task-handlers.ts";
import { makeTimelineHandlers } from "../service/timeline-handlers.ts";

export const composeApi = ({ database, outbox, clock, config }: Platform<CommonOperationsApiConfig>): ApiParts => {
  const uow = makeOperationsUnitOfWork(database, outbox);
  const files = makeFileReader(database);
  const storing = {
    uow,
    files,
    clock,
    newId,
    newDigest: newSha256,
    maxBytes: config.FILE_MAX_BYTES,
    retainMs: config.FILE_RETAIN_MS,
  };
  const managing = { uow, files, tables: csvTables, clock, newId };
  const fileHandlers = makeFileHandlers({
    files,
    uploadFile: makeUploadFile(storing),
    openFile: makeOpenFile(storing),
    putFilePart: makePutFilePart(storing),
    completeFile: makeCompleteFile(storing),
    clock,
  });
  const taskHandlers = makeTaskHandlers({
    tasks: makeTaskReader(database),
    createTask: makeCreateTask(managing),
    cancelTask: makeCancelTask(managing),
    resumeTask: makeResumeTask(managing),
  });
  return {
    services: [
      registerService(TimelineService, makeTimelineHandlers({ timeline: makeTimelineReader(database) })),
      registerService(FileService, fileHandlers),
      registerService(TaskService, taskHandlers),
    ],
  };
};
