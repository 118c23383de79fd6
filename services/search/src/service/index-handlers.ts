import type { ServiceImpl } from "@connectrpc/connect";
import {
  type DeleteDocumentRequest,
  type DocumentInput,
  DocumentType,
  type SearchService,
} from "@tandem/contracts/search";
import { AppError, type Clock } from "@tandem/kernel";
import { readPage, summaryOf, toErrorInfo, writePage } from "@tandem/rpc";
import type {
  FailedOperationReader,
  IndexRegistry,
  PartChange,
  ReindexStore,
  SearchEngine,
  TaskQueue,
} from "../biz/ports.ts";
import type { makePutDocuments } from "../biz/put-documents.ts";
import type { makeStartReindex } from "../biz/reindex.ts";
import { baseFromInput, typeFromProto } from "../events/from-proto.ts";
import { failedOperationToProto, indexToProto, reindexToProto } from "../events/to-proto.ts";
import { emptyBase } from "../model/document.ts";
import { operationNotFound } from "../model/errors.ts";

export interface IndexHandlersDeps {
  readonly putDocuments: ReturnType<typeof makePutDocuments>;
  readonly startReindex: ReturnType<typeof makeStartReindex>;
  readonly reindexes: ReindexStore;
  readonly registry: IndexRegistry;
  readonly failedOperations: FailedOperationReader;
  readonly queue: TaskQueue;
  readonly engine: SearchEngine;
  readonly clock: Clock;
}

const deletionOf = ({ type, documentId, version }: DeleteDocumentRequest): PartChange => ({
  type: typeFromProto(type),
  id: documentId,
  part: { part: "BASE", version, deleted: true, content: emptyBase },
});

export const makeIndexHandlers = (
  deps: IndexHandlersDeps,
): Omit<ServiceImpl<typeof SearchService>, "search" | "suggest" | "getDocument"> => {
  const putOf = (input: DocumentInput): PartChange => ({
    type: typeFromProto(input.type),
    id: input.documentId,
    part: { part: "BASE", version: input.version, deleted: false, content: baseFromInput(input, deps.clock.now()) },
  });
  const putOne = async (change: PartChange, signal: AbortSignal) => {
    const [outcome] = await deps.putDocuments([change], signal);
    if (outcome instanceof AppError) throw outcome;
    return { applied: outcome ?? false };
  };
  /** Of an index of another engine, or when this one is away, nobody knows. */
  const sizeOf = (name: string, engine: string, state: string) =>
    engine !== deps.engine.name || state === "RETIRED" ? undefined : deps.engine.count(name).catch(() => undefined);

  return {
    indexDocument: async ({ document }, { signal }) => putOne(putOf(document as DocumentInput), signal),
    deleteDocument: async (request, { signal }) => putOne(deletionOf(request), signal),

    bulkIndex: async ({ items }, { signal }) => {
      const changes = items.map(({ operation }) =>
        operation.case === "index" ? putOf(operation.value) : deletionOf(operation.value as DeleteDocumentRequest),
      );
      const outcomes = await deps.putDocuments(changes, signal);
      const results = outcomes.map((outcome, at) => ({
        type: DocumentType[changes[at]?.type ?? "CONTENT"],
        documentId: changes[at]?.id ?? "",
        outcome:
          outcome instanceof AppError
            ? { case: "error" as const, value: toErrorInfo(outcome) }
            : { case: "applied" as const, value: outcome },
      }));
      return { results, summary: summaryOf(results.map(({ outcome }) => outcome)) };
    },

    startReindex: async () => ({ reindex: reindexToProto(await deps.startReindex()) }),
    getReindex: async ({ reindexId }) => ({ reindex: reindexToProto(await deps.reindexes.getById(reindexId)) }),
    cancelReindex: async ({ reindexId }) => ({ reindex: reindexToProto(await deps.reindexes.cancel(reindexId)) }),
    listReindexes: async ({ page }) => {
      const found = await deps.reindexes.list(readPage(page));
      return { reindexes: found.items.map(reindexToProto), page: writePage(found) };
    },

    listIndexes: async ({ page }) => {
      const found = await deps.registry.list(readPage(page));
      const sizes = await Promise.all(found.items.map(({ name, engine, state }) => sizeOf(name, engine, state)));
      return { indexes: found.items.map((index, at) => indexToProto(index, sizes[at])), page: writePage(found) };
    },

    listFailedOperations: async ({ page }) => {
      const found = await deps.failedOperations.list(readPage(page));
      return { operations: found.items.map(failedOperationToProto), page: writePage(found) };
    },
    retryFailedOperation: async ({ type, documentId }) => {
      if (!(await deps.queue.reopen(typeFromProto(type), documentId)))
        throw operationNotFound(typeFromProto(type), documentId);
      return {};
    },
  };
};
