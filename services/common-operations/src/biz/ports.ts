import type { UnitOfWork } from "@tandem/kernel";
import type { AuditEntry } from "../model/audit.ts";
import type { StoredFile } from "../model/file.ts";
import type {
  Checkpoint,
  ClaimedTask,
  Failure,
  ItemOutcome,
  Task,
  TaskItem,
  TaskKind,
  TaskStatus,
} from "../model/task.ts";
import type { TimelineEvent } from "../model/timeline-event.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly nextCursor?: string | undefined;
  /** All that match; only on pages asked for by offset. */
  readonly total?: number | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly offset?: number | undefined;
}

export interface TimelineCriteria {
  readonly kind: string;
  readonly id: string;
  readonly topic?: string | undefined;
  readonly withPayload: boolean;
}

export interface TimelineReader {
  /** Oldest first. */
  listByReference(criteria: TimelineCriteria, page: PageRequest): Promise<Page<TimelineEvent>>;
  /** @throws AppError `timeline.event_not_found` */
  getByEventId(eventId: string): Promise<TimelineEvent>;
}

export interface TimelineStore {
  /** With those that come at the same time in one statement. False: it was there already. */
  append(event: TimelineEvent): Promise<boolean>;
  /** Deletes up to `limit` events received before that, with their references. Returns how many. */
  deleteReceivedBefore(at: Date, limit: number): Promise<number>;
}

export interface FileReader {
  /** Expired ones are gone. @throws AppError `file.not_found` */
  getById(fileId: string, now: Date): Promise<StoredFile>;
  /** The parts in order, one at a time. */
  readParts(fileId: string): AsyncIterable<Uint8Array>;
}

export interface FileRepository {
  create(file: StoredFile): Promise<void>;
  /** Locks it until the end of the transaction. */
  lockById(fileId: string): Promise<StoredFile | undefined>;
  /** A part of the same number is replaced. */
  putPart(fileId: string, number: number, data: Uint8Array): Promise<void>;
  /** Bytes and numbers of what is there. */
  measureParts(fileId: string): Promise<{ readonly bytes: number; readonly count: number; readonly highest: number }>;
  update(file: StoredFile): Promise<void>;
}

/** One line of a table, its cells by the names of the columns. */
export interface TableRow {
  /** Of the file, from 1; the first line of a row that has several. */
  readonly line: number;
  readonly cells: ReadonlyMap<string, string>;
  /** The row cannot be used: too many or too few cells. */
  readonly fault?: { readonly column: number; readonly message: string } | undefined;
}

export interface TableShape {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** `attribute.`: columns that begin so have any name. */
  readonly prefix?: string | undefined;
  /** More rows than this are refused. */
  readonly maxRows: number;
}

export interface Tables {
  /** @throws AppError `file.invalid` with line and column, for what is no table or not this one */
  read(parts: AsyncIterable<Uint8Array>, shape: TableShape): AsyncIterable<TableRow>;
  /** Lines of a CSV in which no cell is a formula. */
  write(rows: readonly (readonly string[])[]): Uint8Array;
}

export type NewDigest = () => { update(data: Uint8Array): void; hex(): string };

export interface TaskReader {
  /** @throws AppError `task.not_found` */
  getById(taskId: string): Promise<Task>;
  /** Newest first. */
  listByCriteria(
    criteria: { readonly kind?: string | undefined; readonly status?: TaskStatus | undefined },
    page: PageRequest,
  ): Promise<Page<Task>>;
  /** In the order of the file. */
  listItems(taskId: string, status: TaskItem["status"] | undefined, page: PageRequest): Promise<Page<TaskItem>>;
}

export interface TaskRepository {
  create(task: Task): Promise<void>;
  /** Locks it until the end of the transaction. */
  lockById(taskId: string): Promise<Task | undefined>;
  /** Locks it for the holder of the token; undefined when the lease has gone to somebody else. */
  lockClaimed(taskId: string, token: bigint): Promise<Task | undefined>;
  update(task: Task): Promise<void>;
  /** Due now: it is somebody's turn. */
  makeDue(taskId: string): Promise<void>;
  replaceItems(taskId: string, items: readonly NewItem[]): Promise<void>;
  settleItems(taskId: string, outcomes: readonly ItemOutcome[]): Promise<void>;
  /** Refused ones that could be read, once more. Returns how many stay refused. */
  reopenFailed(taskId: string): Promise<number>;
}

export interface NewItem {
  readonly line: number;
  readonly subject: string;
  readonly input: unknown;
  /** Set: it is refused already. */
  readonly error?: Failure | undefined;
}

export interface TaskQueue {
  /** The task that is due for the longest time, with a lease by the database's clock. */
  claim(leaseMs: number): Promise<ClaimedTask | undefined>;
  /** False: the lease was lost. */
  renew(taskId: string, token: bigint, leaseMs: number): Promise<boolean>;
  /** Gives it up for a while. */
  postpone(taskId: string, token: bigint, delayMs: number, error: Failure | undefined): Promise<void>;
  listPending(taskId: string, limit: number): Promise<readonly TaskItem[]>;
  /** After this number. */
  listFailed(taskId: string, after: number, limit: number): Promise<readonly TaskItem[]>;
}

export interface OutboxPort {
  /** A task has ended. */
  add(task: Task): Promise<void>;
  /** Somebody did something with a task. */
  tell(done: {
    readonly actor: string;
    readonly action: string;
    readonly task: Task;
    readonly at: Date;
  }): Promise<void>;
}

export interface AuditCriteria {
  readonly actor?: string | undefined;
  /** With a dot at its end: all that begin so. */
  readonly action?: string | undefined;
  readonly context?: string | undefined;
  readonly target?: string | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
}

export interface AuditReader {
  /** Newest first. */
  listByCriteria(criteria: AuditCriteria, page: PageRequest): Promise<Page<AuditEntry>>;
  /** In the order of the chain. */
  listAfter(number: number, limit: number): Promise<readonly AuditEntry[]>;
}

export interface AuditRepository {
  /** The chain's last entry; nobody else adds to it until the end of the transaction. */
  lockEnd(): Promise<AuditEntry | undefined>;
  findByEntryId(entryId: string): Promise<AuditEntry | undefined>;
  create(entry: AuditEntry): Promise<void>;
}

/** What has had its time. Each deletes up to `limit` and returns how many. */
export interface Leftovers {
  deleteFilesExpiredBefore(at: Date, limit: number): Promise<number>;
  deleteTasksFinishedBefore(at: Date, limit: number): Promise<number>;
}

export interface Repositories {
  readonly tasks: TaskRepository;
  readonly files: FileRepository;
  readonly audits: AuditRepository;
  readonly outbox: OutboxPort;
}

export type OperationsUnitOfWork = UnitOfWork<Repositories>;

/** What a kind of task does, item by item. */
export interface ItemWork {
  readonly chunkSize: number;
  /** Items of one second at most; undefined: as fast as it goes. */
  maxPerSecond?(task: Task): number | undefined;
  /** Writes down what there is to do. Again after a crash: nothing has been done by then. */
  plan(task: Task, signal: AbortSignal): Promise<readonly NewItem[]>;
  /** Does the items, each for itself. Called again with the same items after a crash, and then must do none of them twice. */
  run(task: Task, items: readonly TaskItem[], signal: AbortSignal): Promise<readonly ItemOutcome[]>;
}

/** What a kind of task writes, page by page. */
export interface StreamWork {
  readonly fileName: string;
  /** The next part after the checkpoint. */
  next(
    task: Task,
    checkpoint: Checkpoint | undefined,
    signal: AbortSignal,
  ): Promise<{
    readonly rows: number;
    readonly data: Uint8Array;
    /** Absent: that was the last one. */
    readonly cursor: string | undefined;
  }>;
}

export type TaskWorks = Readonly<Record<TaskKind, ItemWork | StreamWork>>;

export interface ProductDraft {
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  readonly categoryId: string;
  readonly taxCategory: string;
  readonly draft: boolean;
  readonly imageUrls: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Products {
  /** What the catalogue would refuse whatever else it knows. */
  check(draft: ProductDraft): Failure | undefined;
  /** One outcome each, in order; nothing is created twice for one key. */
  create(
    sellerId: string,
    drafts: readonly ProductDraft[],
    key: string,
    signal: AbortSignal,
  ): Promise<readonly (string | Failure)[]>;
  /** The seller's product with this number, if it is just so. */
  findSame(sellerId: string, draft: ProductDraft, signal: AbortSignal): Promise<string | undefined>;
  listIds(sellerId: string, cursor: string | undefined, signal: AbortSignal): Promise<Page<string>>;
}

export interface Price {
  readonly productId: string;
  readonly currency: string;
  readonly minor: bigint;
}

export interface Prices {
  /** Regular ones; products without a price are absent. */
  list(productIds: readonly string[], currency: string, signal: AbortSignal): Promise<readonly Price[]>;
  /** One outcome each, in order. */
  set(prices: readonly Price[], signal: AbortSignal): Promise<readonly (Failure | undefined)[]>;
}

export interface OrderRow {
  readonly cells: readonly string[];
}

export interface Orders {
  readonly columns: readonly string[];
  list(
    criteria: {
      readonly customerId?: string | undefined;
      readonly sellerId?: string | undefined;
      readonly status?: string | undefined;
    },
    cursor: string | undefined,
    signal: AbortSignal,
  ): Promise<Page<OrderRow>>;
}

export interface DeadLetterRef {
  readonly context: string;
  readonly id: string;
  readonly consumer: string;
}

export interface DeadLetters {
  /** Open ones of all contexts. @throws AppError `operations.context_silent` when one does not answer: a part is not all */
  listOpen(fingerprint: string | undefined, signal: AbortSignal): Promise<readonly DeadLetterRef[]>;
  /** One outcome each, in order. */
  replay(refs: readonly DeadLetterRef[], signal: AbortSignal): Promise<readonly (Failure | undefined)[]>;
}
