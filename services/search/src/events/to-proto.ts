import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { moneyToProto } from "@tandem/contracts/common";
import * as proto from "@tandem/contracts/search";
import { money } from "@tandem/kernel";
import type { EngineFacet } from "../biz/ports.ts";
import type { FoundHit } from "../biz/search.ts";
import type { DocumentType } from "../model/document.ts";
import type { EntrySource } from "../model/index-entry.ts";
import type { FailedOperation, IndexState, ReindexRun, ReindexStatus, SearchIndex } from "../model/indexing.ts";

const timeOf = (iso: string) => timestampFromDate(new Date(iso));

export const documentToProto = (
  type: DocumentType,
  documentId: string,
  source: EntrySource,
  currency: string,
): proto.Document => {
  const { prices, createdAt, updatedAt, version, text: _, ...shown } = source;
  const price = prices[currency];
  return create(proto.DocumentSchema, {
    ...shown,
    type: proto.DocumentType[type],
    documentId,
    ...(price && { price: moneyToProto(money(currency, BigInt(price.amount))) }),
    ...(price &&
      price.regular !== price.amount && { regularPrice: moneyToProto(money(currency, BigInt(price.regular))) }),
    createdAt: timeOf(createdAt),
    updatedAt: timeOf(updatedAt),
    version: BigInt(version),
  });
};

export const hitToProto = (hit: FoundHit, currency: string): proto.Hit =>
  create(proto.HitSchema, {
    document: documentToProto(hit.type, hit.documentId, hit.source, currency),
    score: hit.score,
    highlightedTitle: hit.highlightedTitle,
    highlightedText: hit.highlightedText,
  });

export const facetToProto = (
  { dimension, attribute, buckets }: EngineFacet,
  selected: (value: string) => boolean,
): proto.Facet =>
  create(proto.FacetSchema, {
    dimension: proto.FacetDimension[dimension],
    attribute,
    buckets: buckets.map(({ value, count }) => ({ value, count: BigInt(count), selected: selected(value) })),
  });

export const reindexToProto = (run: ReindexRun): proto.Reindex =>
  create(proto.ReindexSchema, {
    reindexId: run.id,
    status: proto.ReindexStatus[run.status satisfies ReindexStatus],
    index: run.indexName,
    total: BigInt(run.total),
    done: BigInt(run.done),
    failed: BigInt(run.failed),
    resumed: run.resumed,
    error: run.error,
    startedAt: timestampFromDate(run.startedAt),
    ...(run.finishedAt && { finishedAt: timestampFromDate(run.finishedAt) }),
  });

export const indexToProto = (
  { name, engine, state, createdAt }: SearchIndex,
  documents: number | undefined,
): proto.Index =>
  create(proto.IndexSchema, {
    name,
    engine,
    state: proto.IndexState[state satisfies IndexState],
    createdAt: timestampFromDate(createdAt),
    ...(documents === undefined ? {} : { documents: BigInt(documents) }),
  });

export const failedOperationToProto = (operation: FailedOperation): proto.FailedOperation =>
  create(proto.FailedOperationSchema, {
    type: proto.DocumentType[operation.type],
    documentId: operation.id,
    version: operation.version,
    reason: operation.reason,
    attempts: operation.attempts,
    rounds: operation.rounds,
    parkedAt: timestampFromDate(operation.parkedAt),
    retryAt: timestampFromDate(operation.retryAt),
  });
