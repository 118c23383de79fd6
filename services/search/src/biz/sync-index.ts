import type { DocumentParts } from "../model/document.ts";
import { entriesOf } from "../model/index-entry.ts";
import { type IndexTask, retryDelayMs } from "../model/indexing.ts";
import type { DueTasks, EngineWrite, IndexRegistry, SearchEngine, TaskQueue, WriteOutcome } from "./ports.ts";

export interface SyncIndexDeps {
  readonly engine: SearchEngine;
  readonly queue: TaskQueue;
  readonly registry: IndexRegistry;
}

export interface SyncOutcome {
  readonly claimed: number;
  readonly indexed: number;
  readonly postponed: number;
  readonly parked: number;
}

/** What the index has to hold of a document now: its entries, and out with those that it had and has no more. */
export const writesOf = (document: DocumentParts): EngineWrite[] => {
  const entries = new Map(entriesOf(document).map((entry) => [entry.key, entry]));
  return [...new Set([...document.viewKeys, ...entries.keys()])].map((key) => ({
    key,
    version: document.version,
    entry: entries.get(key),
  }));
};

const worst = (outcomes: readonly (WriteOutcome | undefined)[]): WriteOutcome =>
  outcomes.find((one) => one?.kind === "refused") ?? outcomes.find((one) => one?.kind === "later") ?? { kind: "done" };

/**
 * Writes documents as they are now into one index.
 * @returns per document the worst outcome of its entries
 */
export const writeDocuments = async (
  engine: SearchEngine,
  index: string,
  documents: readonly DocumentParts[],
  signal?: AbortSignal,
): Promise<readonly WriteOutcome[]> => {
  const writes = documents.map(writesOf);
  const flat = writes.flat();
  const outcomes = flat.length === 0 ? [] : await engine.write(index, flat, signal);
  let at = 0;
  return writes.map(({ length }) => {
    const own = outcomes.slice(at, at + length);
    at += length;
    return worst(own);
  });
};

/**
 * Tells the engine what has changed, a batch at a time.
 *
 * The documents are read together with the list of indexes: an index that is not in the list is younger than what was read, so the scan that
 * fills it will see it.
 * @throws AppError `search.engine_unavailable`; what was claimed is due again at once, and no try is counted
 */
export const makeSyncIndex =
  ({ engine, queue, registry }: SyncIndexDeps) =>
  async (limit: number, leaseMs: number, signal?: AbortSignal): Promise<SyncOutcome> => {
    const { tasks: due, targets } = await queue.claim(limit, leaseMs, engine.name);
    if (due.length === 0) return { claimed: 0, indexed: 0, postponed: 0, parked: 0 };
    const found = due.flatMap(({ document }) => document ?? []);
    const byKey = new Map<string, WriteOutcome[]>(found.map(({ type, id }) => [`${type}:${id}`, []]));
    try {
      for (const name of targets) {
        const outcomes = await writeDocuments(engine, name, found, signal).catch(async (error: unknown) => {
          // Dropped meanwhile: nobody misses it. Else it is the engine's trouble, or ours.
          if ((await registry.targets()).some((target) => target.name === name)) throw error;
          return [];
        });
        found.forEach(({ type, id }, at) => {
          const outcome = outcomes[at];
          if (outcome) byKey.get(`${type}:${id}`)?.push(outcome);
        });
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      for (const { task } of due) await queue.postpone(task, 0, reason, false);
      throw error;
    }
    return settle(queue, due, (task) => worst(byKey.get(`${task.type}:${task.id}`) ?? []));
  };

const settle = async (
  queue: TaskQueue,
  due: DueTasks["tasks"],
  outcomeOf: (task: IndexTask) => WriteOutcome,
): Promise<SyncOutcome> => {
  const done = due.filter(({ task }) => outcomeOf(task).kind === "done");
  await queue.complete(done.map(({ task, document }) => document ?? task));
  let parked = 0;
  for (const { task } of due) {
    const outcome = outcomeOf(task);
    if (outcome.kind === "done") continue;
    const delayMs = outcome.kind === "refused" ? undefined : retryDelayMs(task.attempts + 1);
    if (delayMs === undefined) {
      parked += 1;
      await queue.park(task, outcome.reason);
    } else await queue.postpone(task, delayMs, outcome.reason, true);
  }
  return { claimed: due.length, indexed: done.length, postponed: due.length - done.length - parked, parked };
};
