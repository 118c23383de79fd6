import type { UnitOfWork } from "@tandem/kernel";
import type { DocumentParts, DocumentType, Part } from "../model/document.ts";
import type { EntrySource, IndexEntry } from "../model/index-entry.ts";
import type { FailedOperation, IndexTask, ReindexRun, SearchIndex } from "../model/indexing.ts";
import type { WantedWords } from "../model/words.ts";

export type SearchSort = "RELEVANCE" | "PRICE_ASCENDING" | "PRICE_DESCENDING" | "NEWEST";
export type FacetDimension = "TYPE" | "CATEGORY" | "SELLER" | "PRICE" | "AVAILABILITY" | "ATTRIBUTES";

export interface EngineFilters {
  /** Empty lists filter nothing. */
  readonly types: readonly DocumentType[];
  readonly categoryIds: readonly string[];
  readonly sellerIds: readonly string[];
  readonly currency: string;
  /** Minor units, both included. */
  readonly minPrice?: bigint | undefined;
  readonly maxPrice?: bigint | undefined;
  readonly inStockOnly: boolean;
  /** Values of one name: any; names: all. */
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

export interface EngineQuery extends WantedWords {
  /** Only in titles, and for titles: of a hit's source nothing else is read. */
  readonly titleOnly: boolean;
  /** Who asks: an entry is found when its audience has any of these. Never empty. */
  readonly audience: readonly string[];
  readonly filters: EngineFilters;
  readonly sort: SearchSort;
  readonly facets: readonly FacetDimension[];
  readonly size: number;
  readonly offset: number;
  readonly after?: { readonly value: string; readonly key: string } | undefined;
  readonly withTotal: boolean;
}

export interface EngineHit {
  readonly key: string;
  readonly type: DocumentType;
  readonly documentId: string;
  /** 0 unless sorted by relevance. */
  readonly score: number;
  /** Where it stands in the order, for {@link EngineQuery.after}. */
  readonly position: string;
  readonly source: EntrySource;
}

export interface EngineFacet {
  readonly dimension: FacetDimension;
  /** With ATTRIBUTES only. */
  readonly attribute: string;
  readonly buckets: readonly { readonly value: string; readonly count: number }[];
}

export interface EngineResult {
  readonly hits: readonly EngineHit[];
  readonly total?: number | undefined;
  readonly facets: readonly EngineFacet[];
}

/** A state of an entry: what it is as of the version, or gone. */
export interface EngineWrite {
  readonly key: string;
  readonly version: bigint;
  readonly entry?: IndexEntry | undefined;
}

/** `refused`: this write will never succeed as it is. `later`: it may. */
export type WriteOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "later"; readonly reason: string };

/**
 * What finds. Indexes have names, searches read the one that the alias names. All calls throw AppError `search.engine_unavailable` when the engine
 * does not answer.
 */
export interface SearchEngine {
  readonly name: string;
  /** Empty and with its mapping; nothing when it is there. */
  createIndex(index: string, signal?: AbortSignal): Promise<void>;
  /** Nothing when it is not there. */
  dropIndex(index: string, signal?: AbortSignal): Promise<void>;
  /** At once for every search: one reads the old or the new one. */
  pointAlias(index: string, signal?: AbortSignal): Promise<void>;
  /** Which index is read; undefined before the first. */
  aliasTarget(signal?: AbortSignal): Promise<string | undefined>;
  /** Makes what was written visible. */
  refresh(index: string, signal?: AbortSignal): Promise<void>;
  count(index: string, signal?: AbortSignal): Promise<number>;
  /** Each by itself, in order. An older version than the one that is there is `done`: it changes nothing. */
  write(index: string, writes: readonly EngineWrite[], signal?: AbortSignal): Promise<readonly WriteOutcome[]>;
  search(query: EngineQuery, signal?: AbortSignal): Promise<EngineResult>;
}

/** One part of a document, as its owner announced it. */
export interface PartChange {
  readonly type: DocumentType;
  readonly id: string;
  readonly part: Part;
  /** What brought it: handled once by each consumer. */
  readonly event?: { readonly consumer: string; readonly id: string } | undefined;
}

/** `stale`: it, or a newer one, is known. `duplicate`: its event has been handled before. */
export type PartOutcome = "applied" | "stale" | "duplicate";

export interface DocumentWriter {
  /** Takes each part unless the same or a newer version is there, in one transaction; the documents' versions go up then, and the engine will be told. */
  applyParts(changes: readonly PartChange[], signal?: AbortSignal): Promise<readonly PartOutcome[]>;
}

export interface DocumentRepository {
  /** Blanks what names the person in what is known, and remembers to do so with what comes. */
  eraseCustomer(customerId: string): Promise<number>;
  /** By version; when it changes anything, all products of the seller are due. Returns how many. */
  putStanding(sellerId: string, version: bigint, suspended: boolean): Promise<number>;
  /** By version; when it changes where the category lies, all products in it are due. Returns how many. */
  putCategoryPath(categoryId: string, version: bigint, path: readonly string[]): Promise<number>;
}

export interface DocumentReader {
  getById(type: DocumentType, id: string): Promise<DocumentParts | undefined>;
  /** In the order of the scan, behind the given one. */
  listAfter(type: string, id: string, limit: number): Promise<readonly DocumentParts[]>;
  count(): Promise<number>;
}

/** What a worker has to tell the engine now. */
export interface DueTasks {
  readonly tasks: readonly {
    readonly task: IndexTask;
    /** As it was when the task had been claimed. */
    readonly document: DocumentParts | undefined;
  }[];
  /** The indexes that changes go to: read with the documents, so one that is missing here is younger, and its scan will see them. */
  readonly targets: readonly string[];
}

export interface TaskQueue {
  /** The due ones, left to this worker for the lease, with all that it needs to know. */
  claim(limit: number, leaseMs: number, engine: string): Promise<DueTasks>;
  /** Done as of these versions, unless the document has changed meanwhile. */
  complete(told: readonly Pick<IndexTask, "type" | "id" | "version">[]): Promise<void>;
  /** Again later; `countTry` false when it was not the document's fault. */
  postpone(task: IndexTask, delayMs: number, reason: string, countTry: boolean): Promise<void>;
  park(task: IndexTask, reason: string): Promise<void>;
  /** Opens a task for a document that could not be written elsewhere. */
  enqueue(type: DocumentType, id: string, version: bigint): Promise<void>;
  /** Opens the parked ones whose time has come. */
  reopenDue(limit: number): Promise<number>;
  /** False: nothing is parked for it. */
  reopen(type: DocumentType, id: string): Promise<boolean>;
  stats(): Promise<{ readonly open: number; readonly parked: number; readonly oldestOpenMs: number }>;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string;
  readonly offset?: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string | undefined;
  readonly total?: number | undefined;
}

export interface FailedOperationReader {
  list(page: PageRequest): Promise<Page<FailedOperation>>;
}

export interface IndexRegistry {
  /** The indexes that changes go to: the live one, and the one that is being built. */
  targets(): Promise<readonly SearchIndex[]>;
  list(page: PageRequest): Promise<Page<SearchIndex>>;
  /** Notes a first index as live, unless there is one. */
  claimLive(name: string): Promise<string>;
  /** Old and unfinished ones that nobody needs any more. */
  listRetired(): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
}

export interface ReindexStore {
  /** @throws AppError `search.reindex_running` */
  start(total: number): Promise<ReindexRun>;
  /** @throws AppError `search.reindex_not_found` */
  getById(id: string): Promise<ReindexRun>;
  findRunning(): Promise<ReindexRun | undefined>;
  list(page: PageRequest): Promise<Page<ReindexRun>>;
  /** The run, when it is nobody's at the moment; counts as resumed from the second claim on. */
  claim(leaseMs: number): Promise<ReindexRun | undefined>;
  /** From here on changes go into its index as well. False: it is somebody else's by now, or cancelled. */
  announce(run: ReindexRun): Promise<boolean>;
  /** False as above. Renews the lease. */
  progress(
    run: ReindexRun,
    step: {
      readonly done: number;
      readonly failed: number;
      readonly last: { readonly type: string; readonly id: string };
    },
    leaseMs: number,
  ): Promise<boolean>;
  /** From here on it cannot be cancelled any more. False as above. */
  beginSwap(run: ReindexRun, leaseMs: number): Promise<boolean>;
  /** The new index live, the old one retired, the run ended: at once. False as above. */
  finish(run: ReindexRun): Promise<boolean>;
  /** For whoever comes next, at once. */
  release(run: ReindexRun): Promise<void>;
  /** Its index is retired. False as above. */
  fail(run: ReindexRun, error: string): Promise<boolean>;
  /** @throws AppError `search.reindex_not_found`, `search.reindex_ended` */
  cancel(id: string): Promise<ReindexRun>;
}

export interface Repositories {
  readonly documents: DocumentRepository;
}

export type SearchUnitOfWork = UnitOfWork<Repositories>;
