import { AppError, type Clock, isAppError } from "@tandem/kernel";
import type { StoredFile } from "../model/file.ts";
import { type ClaimedTask, type Failure, finishTask, outcomeOf, type Task, type TaskStatus } from "../model/task.ts";
import type {
  FileReader,
  ItemWork,
  NewDigest,
  OperationsUnitOfWork,
  Repositories,
  StreamWork,
  Tables,
  TaskQueue,
  TaskWorks,
} from "./ports.ts";
import { digestOf } from "./store-file.ts";

export interface RunTaskDeps {
  readonly uow: OperationsUnitOfWork;
  readonly queue: TaskQueue;
  readonly files: FileReader;
  readonly works: TaskWorks;
  readonly tables: Tables;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly newDigest: NewDigest;
  /** How long a task is left to a worker that does not say that it lives. */
  readonly leaseMs: number;
  /** Steps in a row that may fail before the task is given up. */
  readonly maxFailures: number;
  /** How long results are kept. */
  readonly retainMs: number;
  /** Resolves after so long, or when the signal aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What became of a turn. lost: somebody else has the task now. */
export type Turn = "done" | "cancelled" | "postponed" | "failed" | "lost";

/** Lines of one part of a result. */
const PART_LINES = 1_000;

class LeaseLost extends Error {}

/**
 * Works on a task until it ends, is stopped, cannot go on for now, or is somebody else's. Every step is written down together with its
 * outcome, under the task's row lock and the token of the lease: a worker that was thought dead writes nothing any more.
 */
export const makeRunTask = (deps: RunTaskDeps) => {
  const { uow, queue, files, works, tables, clock, newId, newDigest, leaseMs, maxFailures, retainMs, pause } = deps;

  return async (claimed: ClaimedTask, stop: AbortSignal): Promise<Turn> => {
    const lost = new AbortController();
    const signal = AbortSignal.any([stop, lost.signal]);
    const work = works[claimed.kind];

    /** Under the task's lock, if it is still ours. */
    const write = (change: (task: Task, repositories: Repositories) => Promise<Task>): Promise<Task> =>
      uow.transact(async (repositories) => {
        const task = await repositories.tasks.lockClaimed(claimed.id, claimed.token);
        if (!task) throw new LeaseLost();
        const after = await change(task, repositories);
        await repositories.tasks.update(after);
        return after;
      });
    const end = (status: TaskStatus, error?: Failure) =>
      write(async (task, { outbox }) => {
        const finished = finishTask(task, status, clock.now(), error);
        await outbox.add(finished);
        return finished;
      });

    const newFile = (name: string): StoredFile => {
      const createdAt = clock.now();
      return {
        id: newId(),
        name,
        contentType: "text/csv",
        sizeBytes: 0,
        sha256: "",
        status: "OPEN",
        createdBy: claimed.requestedBy,
        createdAt,
        expiresAt: new Date(createdAt.getTime() + retainMs),
      };
    };

    const runItems = async (items: ItemWork): Promise<Turn> => {
      if (!claimed.planned) {
        const planned = await items.plan(claimed, signal);
        await write(async (task, { tasks }) => {
          await tasks.replaceItems(task.id, planned);
          const refused = planned.filter(({ error }) => error).length;
          return { ...task, planned: true, itemsTotal: planned.length, itemsFailed: refused, failures: 0 };
        });
      }
      for (;;) {
        const perSecond = items.maxPerSecond?.(claimed);
        const size = Math.max(1, Math.min(items.chunkSize, perSecond ?? items.chunkSize));
        const chunk = await queue.listPending(claimed.id, size);
        if (chunk.length === 0) break;
        const startedAt = clock.now().getTime();
        const outcomes = await items.run(claimed, chunk, signal);
        const after = await write(async (task, { tasks }) => {
          await tasks.settleItems(task.id, outcomes);
          const failed = outcomes.filter(({ status }) => status === "FAILED").length;
          const itemsDone = task.itemsDone + outcomes.length - failed;
          return { ...task, itemsDone, itemsFailed: task.itemsFailed + failed, failures: 0, error: undefined };
        });
        if (after.status === "CANCELLING") return "cancelled";
        if (perSecond) {
          const spentMs = clock.now().getTime() - startedAt;
          await pause(Math.max(0, Math.ceil((chunk.length / perSecond) * 1_000) - spentMs), signal);
        }
        signal.throwIfAborted();
      }
      await writeRefused();
      return "done";
    };

    /** The list of what was refused, as a file that a person can repair and import again. */
    const writeRefused = async (): Promise<void> => {
      const parts: Uint8Array[] = [];
      let after = 0;
      let lines: (readonly string[])[] = [["line", "subject", "error", "message"]];
      for (;;) {
        const failed = await queue.listFailed(claimed.id, after, PART_LINES);
        for (const { line, subject, error } of failed)
          lines.push([String(line), subject, error?.code ?? "", error?.message ?? ""]);
        if (failed.length > 0) parts.push(tables.write(lines));
        if (failed.length < PART_LINES) break;
        lines = [];
        after = failed.at(-1)?.number ?? after;
      }
      if (parts.length === 0) return;
      const digest = newDigest();
      for (const part of parts) digest.update(part);
      const sizeBytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
      const file = {
        ...newFile(`${claimed.kind}-refused.csv`),
        sizeBytes,
        sha256: digest.hex(),
        status: "COMPLETE" as const,
      };
      await write(async (task, repositories) => {
        await repositories.files.create(file);
        for (const [at, part] of parts.entries()) await repositories.files.putPart(file.id, at + 1, part);
        return { ...task, resultFileId: file.id };
      });
    };

    const runStream = async (stream: StreamWork): Promise<Turn> => {
      let current: Task = claimed;
      if (!current.resultFileId) {
        const file = newFile(stream.fileName);
        current = await write(async (task, repositories) => {
          await repositories.files.create(file);
          return { ...task, planned: true, resultFileId: file.id };
        });
      }
      const fileId = current.resultFileId ?? "";
      while (current.checkpoint?.cursor !== "") {
        const { checkpoint } = current;
        const page = await stream.next(current, checkpoint, signal);
        const number = (checkpoint?.parts ?? 0) + 1;
        current = await write(async (task, repositories) => {
          if (page.data.byteLength > 0) await repositories.files.putPart(fileId, number, page.data);
          const done = task.itemsDone + page.rows;
          const next = { cursor: page.cursor ?? "", parts: number };
          return { ...task, itemsDone: done, itemsTotal: done, checkpoint: next, failures: 0, error: undefined };
        });
        if (current.status === "CANCELLING") return "cancelled";
        signal.throwIfAborted();
      }
      const { is, bytes } = await digestOf(files, newDigest, fileId);
      await write(async (task, repositories) => {
        const file = await repositories.files.lockById(fileId);
        if (file) await repositories.files.update({ ...file, sizeBytes: bytes, sha256: is, status: "COMPLETE" });
        return task;
      });
      return "done";
    };

    /** What went wrong, and whether it may go better later. */
    const giveUp = async (error: unknown): Promise<Turn> => {
      if (error instanceof LeaseLost || lost.signal.aborted) return "lost";
      if (stop.aborted) {
        // The process goes: somebody else may take over at once.
        await queue.postpone(claimed.id, claimed.token, 0, undefined);
        return "postponed";
      }
      const failure = failureOf(error);
      const hopeless = isAppError(error) && !error.retryable && error.kind !== "internal";
      if (hopeless || claimed.failures + 1 >= maxFailures) {
        await end("FAILED", failure);
        return "failed";
      }
      await queue.postpone(claimed.id, claimed.token, Math.min(60_000, 500 * 2 ** claimed.failures), failure);
      return "postponed";
    };

    const beat = setInterval(() => {
      queue.renew(claimed.id, claimed.token, leaseMs).then(
        (ours) => {
          if (!ours) lost.abort(new LeaseLost());
        },
        () => undefined, // the lease runs out by itself if the database stays away
      );
    }, leaseMs / 3);
    try {
      const asked = claimed.status === "CANCELLING";
      const turn = asked ? "cancelled" : await ("plan" in work ? runItems(work) : runStream(work));
      if (turn === "cancelled") await end("CANCELLED");
      else {
        await write(async (task, { outbox }) => {
          // Asked to stop after the last step: it is done all the same.
          const running: Task = { ...task, status: "RUNNING" };
          const finished = finishTask(running, outcomeOf(task), clock.now());
          await outbox.add(finished);
          return finished;
        });
      }
      return turn;
    } catch (error) {
      return await giveUp(error).catch((again: unknown) => {
        if (again instanceof LeaseLost) return "lost" as const;
        throw again;
      });
    } finally {
      clearInterval(beat);
    }
  };
};

const failureOf = (error: unknown): Failure => {
  const known = isAppError(error) ? error : new AppError("internal", "rpc.internal", "The step failed.");
  return { code: known.code, message: known.message, details: known.details };
};
