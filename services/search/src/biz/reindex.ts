import type { AppError } from "@tandem/kernel";
import { isAppError } from "@tandem/kernel";
import { type ReindexRun, tooManyFailed } from "../model/indexing.ts";
import type { DocumentReader, IndexRegistry, ReindexStore, SearchEngine, TaskQueue } from "./ports.ts";
import { writeDocuments } from "./sync-index.ts";

export interface ReindexDeps {
  readonly engine: SearchEngine;
  readonly documents: DocumentReader;
  readonly queue: TaskQueue;
  readonly registry: IndexRegistry;
  readonly reindexes: ReindexStore;
  readonly batchSize: number;
  /** How long a run is left to a worker that may have died. Longer than a batch takes. */
  readonly leaseMs: number;
}

/** @throws AppError `search.reindex_running` */
export const makeStartReindex =
  ({ documents, reindexes }: Pick<ReindexDeps, "documents" | "reindexes">) =>
  async (): Promise<ReindexRun> =>
    reindexes.start(await documents.count());

/** `lost`: cancelled, or somebody else's by now. */
export type ReindexOutcome = "idle" | "succeeded" | "failed" | "lost";

/**
 * Carries the running reindex on, if nobody else does: fills the new index from the truth, batch by batch, while changes go into both, then points
 * the alias to it. What it had done when its worker died is not done again.
 */
export const makeRunReindex =
  ({ engine, documents, queue, registry, reindexes, batchSize, leaseMs }: ReindexDeps) =>
  async (signal: AbortSignal): Promise<ReindexOutcome> => {
    const run = await reindexes.claim(leaseMs);
    if (!run) return "idle";
    const index = run.indexName;
    let swapping = false;
    try {
      await engine.createIndex(index, signal);
      // There before anybody is told of it, and announced before it is filled: what changes from now on goes into it as well.
      if (!(await reindexes.announce(run))) {
        if ((await reindexes.getById(run.id)).status === "CANCELLED") await engine.dropIndex(index, signal);
        return "lost";
      }
      const filled = await fill({ engine, documents, queue, reindexes, batchSize, leaseMs }, run, signal);
      if (!filled) return "lost";
      if (tooManyFailed(filled)) {
        await reindexes.fail(run, `the engine refused ${filled.failed} of ${filled.done} documents`);
        await dropRetired(engine, registry, signal);
        return "failed";
      }
      await engine.refresh(index, signal);
      if (!(await reindexes.beginSwap(run, leaseMs))) return "lost";
      swapping = true;
      await engine.pointAlias(index, signal);
      // Both indexes still get every change: whichever a search reads in this moment is right.
      if (!(await reindexes.finish(run))) return "lost";
      await dropRetired(engine, registry, signal);
      return "succeeded";
    } catch (error) {
      // Once the alias may point to it there is no way back: it is carried on, by us or by whoever comes next.
      if (swapping || signal.aborted || isUnavailable(error)) {
        await reindexes.release(run);
        throw error;
      }
      await reindexes.fail(run, error instanceof Error ? error.message : String(error));
      await dropRetired(engine, registry, signal);
      return "failed";
    }
  };

const isUnavailable = (error: unknown): error is AppError => isAppError(error) && error.retryable;

const fill = async (
  { engine, documents, queue, reindexes, batchSize, leaseMs }: Omit<ReindexDeps, "registry">,
  run: ReindexRun,
  signal: AbortSignal,
): Promise<{ readonly done: number; readonly failed: number } | undefined> => {
  let { done, failed } = run;
  let last = { type: run.lastType, id: run.lastId };
  for (;;) {
    signal.throwIfAborted();
    const batch = await documents.listAfter(last.type, last.id, batchSize);
    const end = batch.at(-1);
    if (!end) return { done, failed };
    const outcomes = await writeDocuments(engine, run.indexName, batch, signal);
    for (const [at, outcome] of outcomes.entries()) {
      const document = batch[at];
      if (outcome.kind === "done" || !document) continue;
      failed += 1;
      await queue.enqueue(document.type, document.id, document.version);
    }
    done += batch.length;
    last = { type: end.type, id: end.id };
    if (!(await reindexes.progress(run, { done, failed, last }, leaseMs))) return undefined;
  }
};

/** Indexes that were replaced or given up. One that is read is never dropped, whatever the list says. */
export const dropRetired = async (
  engine: SearchEngine,
  registry: IndexRegistry,
  signal?: AbortSignal,
): Promise<void> => {
  for (const name of await registry.listRetired()) {
    if ((await engine.aliasTarget(signal)) === name) continue;
    await engine.dropIndex(name, signal);
    await registry.remove(name);
  }
};

export interface EnsureIndexDeps {
  readonly engine: SearchEngine;
  readonly registry: IndexRegistry;
  readonly documents: DocumentReader;
  readonly reindexes: ReindexStore;
  /** Of a first index. */
  readonly firstIndex: string;
}

/** An engine that has none gets its first index; if there are documents already (the engine is new, not the shop), a reindex fills it. */
export const makeEnsureIndex =
  ({ engine, registry, documents, reindexes, firstIndex }: EnsureIndexDeps) =>
  async (signal?: AbortSignal): Promise<void> => {
    const target = await engine.aliasTarget(signal);
    const name = await registry.claimLive(target ?? firstIndex);
    if (target !== undefined) return;
    await engine.createIndex(name, signal);
    await engine.pointAlias(name, signal);
    if ((await documents.count()) === 0) return;
    await reindexes.start(await documents.count()).catch((error: unknown) => {
      if (!isAppError(error, "search.reindex_running")) throw error;
    });
  };
