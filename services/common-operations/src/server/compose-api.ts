import type { ApiParts, Platform } from "@tandem/chassis";
import {
  AuditService,
  FileService,
  PlatformOperationsService,
  TaskService,
  TimelineService,
} from "@tandem/contracts/common-operations";
import { newId } from "@tandem/kernel";
import { registerService } from "@tandem/rpc";
import { makeRecordAudit, makeVerifyAudit } from "../biz/keep-audit.ts";
import { makeCancelTask, makeCreateTask, makeResumeTask } from "../biz/manage-task.ts";
import { makeCompleteFile, makeOpenFile, makePutFilePart, makeUploadFile } from "../biz/store-file.ts";
import { openContexts } from "../client/open-client.ts";
import type { CommonOperationsApiConfig } from "../config/config.ts";
import { makeAuditReader } from "../data/audit-store.ts";
import { csvTables } from "../data/csv/tables.ts";
import { makeFileReader } from "../data/file-store.ts";
import { newSha256 } from "../data/new-digest.ts";
import { makeTaskReader } from "../data/task-reader.ts";
import { makeTimelineReader } from "../data/timeline-reader.ts";
import { makeOperationsUnitOfWork } from "../data/unit-of-work.ts";
import { makeAuditHandlers } from "../service/audit-handlers.ts";
import { makeFileHandlers } from "../service/file-handlers.ts";
import { makePlatformOperationsHandlers } from "../service/platform-operations-handlers.ts";
import { makeTaskHandlers } from "../service/task-handlers.ts";
import { makeTimelineHandlers } from "../service/timeline-handlers.ts";

export const composeApi = (platform: Platform<CommonOperationsApiConfig>): ApiParts => {
  const { database, outbox, clock, config } = platform;
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
  const createTask = makeCreateTask(managing);
  const taskHandlers = makeTaskHandlers({
    tasks: makeTaskReader(database),
    createTask,
    cancelTask: makeCancelTask(managing),
    resumeTask: makeResumeTask(managing),
  });
  const audits = makeAuditReader(database);
  const auditHandlers = makeAuditHandlers({
    audits,
    recordAudit: makeRecordAudit({ uow, clock, newDigest: newSha256 }),
    verifyAudit: makeVerifyAudit({ audits, newDigest: newSha256 }),
  });
  const platformHandlers = makePlatformOperationsHandlers({
    contexts: openContexts(platform),
    createTask,
    asking: { concurrency: config.FAN_OUT_CONCURRENCY, deadlineMs: config.FAN_OUT_DEADLINE_MS },
  });
  return {
    services: [
      registerService(AuditService, auditHandlers),
      registerService(PlatformOperationsService, platformHandlers),
      registerService(TimelineService, makeTimelineHandlers({ timeline: makeTimelineReader(database) })),
      registerService(FileService, fileHandlers),
      registerService(TaskService, taskHandlers),
    ],
  };
};
