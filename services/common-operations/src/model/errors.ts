import { AppError, type ErrorDetail } from "@tandem/kernel";

export const eventNotFound = (eventId: string) =>
  new AppError("not_found", "timeline.event_not_found", `The timeline has no event ${eventId}.`, {
    details: [{ field: "eventId", rule: "exists", message: "unknown event" }],
  });

export const taskNotFound = (taskId: string) =>
  new AppError("not_found", "task.not_found", `There is no task ${taskId}.`, {
    details: [{ field: "taskId", rule: "exists", message: "unknown task" }],
  });

export const notCancellable = (taskId: string, status: string) =>
  new AppError("failed_precondition", "task.not_cancellable", `Task ${taskId} is ${status} and cannot be cancelled.`);

export const notResumable = (taskId: string, status: string) =>
  new AppError("failed_precondition", "task.not_resumable", `Task ${taskId} is ${status} and cannot be resumed.`);

export const taskInvalid = (field: string, message: string) =>
  new AppError("invalid_argument", "task.invalid", `The task cannot be done as it was asked for: ${message}.`, {
    details: [{ field, rule: "task", message }],
  });

export const fileNotFound = (fileId: string) =>
  new AppError("not_found", "file.not_found", `There is no file ${fileId}.`, {
    details: [{ field: "fileId", rule: "exists", message: "unknown or expired file" }],
  });

export const fileTooLarge = (mostBytes: number) =>
  new AppError("invalid_argument", "file.too_large", `Files have at most ${mostBytes} bytes.`, {
    details: [{ field: "content", rule: "size", message: `at most ${mostBytes} bytes` }],
  });

export const fileIncomplete = (message: string) =>
  new AppError("failed_precondition", "file.incomplete", `The file is not complete: ${message}.`);

export const fileSealed = (fileId: string) =>
  new AppError("failed_precondition", "file.sealed", `File ${fileId} is complete and takes no more parts.`);

export const checksumMismatch = (is: string) =>
  new AppError("invalid_argument", "file.checksum_mismatch", `The file's SHA-256 is ${is}.`, {
    details: [{ field: "sha256", rule: "checksum", message: `is ${is}` }],
  });

/** Where a table cannot be read: `line 3, column 2`. */
export const fileInvalid = (at: { readonly line: number; readonly column?: number }, message: string) => {
  const where = at.column === undefined ? `line ${at.line}` : `line ${at.line}, column ${at.column}`;
  const details: ErrorDetail[] = [{ field: where, rule: "csv", message }];
  return new AppError("invalid_argument", "file.invalid", `The file cannot be read at ${where}: ${message}.`, {
    details,
  });
};
