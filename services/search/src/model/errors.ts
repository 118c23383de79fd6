import { AppError } from "@tandem/kernel";
import type { DocumentType } from "./document.ts";

export const documentNotFound = (type: DocumentType, id: string) =>
  new AppError("not_found", "search.document_not_found", `There is no ${type.toLowerCase()} ${id}.`);

export const documentInvalid = (field: string, rule: string, message: string) =>
  new AppError("invalid_argument", "search.document_invalid", `The document cannot be indexed: ${message}.`, {
    details: [{ field, rule, message }],
  });

export const queryInvalid = (field: string, rule: string, message: string) =>
  new AppError("invalid_argument", "search.query_invalid", `The query contradicts itself: ${message}.`, {
    details: [{ field, rule, message }],
  });

export const pageTooDeep = (deepest: number) =>
  new AppError("invalid_argument", "search.page_too_deep", `Pages by offset end at ${deepest} hits: use the cursor.`, {
    details: [{ field: "page.offset", rule: "max_depth", message: `offset and limit together are at most ${deepest}` }],
  });

export const engineUnavailable = (cause: unknown) =>
  new AppError("unavailable", "search.engine_unavailable", "The search engine does not answer.", { cause });

export const reindexNotFound = (id: string) =>
  new AppError("not_found", "search.reindex_not_found", `There is no reindex ${id}.`);

export const reindexRunning = () =>
  new AppError("failed_precondition", "search.reindex_running", "A reindex is running already.");

export const reindexEnded = (id: string) =>
  new AppError("failed_precondition", "search.reindex_ended", `Reindex ${id} has ended already.`);

export const operationNotFound = (type: DocumentType, id: string) =>
  new AppError("not_found", "search.operation_not_found", `Nothing is parked for ${type.toLowerCase()} ${id}.`);
