import type { DocumentType } from "./document.ts";

/** A change that the engine has yet to be told. */
export interface IndexTask {
  readonly type: DocumentType;
  readonly id: string;
  readonly version: bigint;
  readonly attempts: number;
  readonly rounds: number;
}

/** One that the engine would not take. */
export interface FailedOperation extends IndexTask {
  readonly reason: string;
  readonly parkedAt: Date;
  readonly retryAt: Date;
}

export type IndexState = "BUILDING" | "LIVE" | "RETIRED";

export interface SearchIndex {
  readonly name: string;
  readonly engine: string;
  readonly state: IndexState;
  readonly createdAt: Date;
}

export type ReindexStatus = "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

/** One rebuild of the index beside the live one. */
export interface ReindexRun {
  readonly id: string;
  readonly indexName: string;
  readonly status: ReindexStatus;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly resumed: number;
  readonly lastType: string;
  readonly lastId: string;
  /** Whoever has another one may not write. */
  readonly token: bigint;
  readonly error: string;
  readonly startedAt: Date;
  readonly finishedAt?: Date | undefined;
}

const MAX_ATTEMPTS = 8;

/** Milliseconds until the next try of one that failed; undefined when that was the last: it is parked. */
export const retryDelayMs = (attempts: number): number | undefined =>
  attempts >= MAX_ATTEMPTS ? undefined : Math.min(200 * 2 ** attempts, 30_000);

/** More refusals than this share of all fail a reindex: the live index is better than that. At least one document may always fail. */
export const tooManyFailed = ({ done, failed }: Pick<ReindexRun, "done" | "failed">): boolean =>
  failed > Math.max(1, done / 100);
