import { AppError, isAppError } from "@tandem/kernel";
import { type ClaimedTask, type Failure, finishTask, outcomeOf, type Task } from "../model/task.ts";
import { type HeldTask, type HoldTaskDeps, holdTask, LeaseLost } from "./hold-task.ts";
import type { TaskQueue, TaskWorks } from "./ports.ts";
import { makeRunItems, type RunItemsDeps } from "./run-items.ts";
import { makeRunStream, type RunStreamDeps } from "./run-stream.ts";

export interface RunTaskDeps extends HoldTaskDeps, RunItemsDeps, RunStreamDeps {
  readonly queue: TaskQueue;
  readonly works: TaskWorks;
  /** Steps in a row that may fail before the task is given up. */
  readonly maxFailures: number;
}

/** What became of a turn. lost: somebody else has the task now. */
export type Turn = "done" | "cancelled" | "postponed" | "failed" | "lost";

/**
 * Works on a task until it ends, is stopped, cannot go on for now, or is somebody else's. Every step is written down together with its
 * outcome, under the task's row lock and the token of the lease: a worker that was thought dead writes nothing any more.
 */
export const makeRunTask = (deps: RunTaskDeps) => {
  const { queue, works, clock, maxFailures } = deps;
  const runItems = makeRunItems(deps);
  const runStream = makeRunStream(deps);

  /** The task as its end leaves it, with the event that announces it. */
  const end = ({ write }: HeldTask, finished: (task: Task) => Task) =>
    write(async (task, { outbox }) => {
      const after = finished(task);
      await outbox.add(after);
      return after;
    });

  /** What went wrong, and whether it may go better later. */
  const giveUp = async (held: HeldTask, stop: AbortSignal, error: unknown): Promise<Turn> => {
    const { id, token, failures } = held.claimed;
    if (error instanceof LeaseLost || held.isLost()) return "lost";
    if (stop.aborted) {
      // The process goes: somebody else may take over at once.
      await queue.postpone(id, token, 0, undefined);
      return "postponed";
    }
    const failure = failureOf(error);
    const hopeless = isAppError(error) && !error.retryable && error.kind !== "internal";
    if (hopeless || failures + 1 >= maxFailures) {
      await end(held, (task) => finishTask(task, "FAILED", clock.now(), failure));
      return "failed";
    }
    await queue.postpone(id, token, Math.min(60_000, 500 * 2 ** failures), failure);
    return "postponed";
  };

  return async (claimed: ClaimedTask, stop: AbortSignal): Promise<Turn> => {
    using held = holdTask(deps, claimed, stop);
    const work = works[claimed.kind];
    try {
      const asked = claimed.status === "CANCELLING";
      const turn = asked ? "cancelled" : await ("plan" in work ? runItems(held, work) : runStream(held, work));
      await end(held, (task) =>
        turn === "cancelled"
          ? finishTask(task, "CANCELLED", clock.now())
          : // Asked to stop after the last step: it is done all the same.
            finishTask({ ...task, status: "RUNNING" }, outcomeOf(task), clock.now()),
      );
      return turn;
    } catch (error) {
      return await giveUp(held, stop, error).catch((again: unknown) => {
        if (again instanceof LeaseLost) return "lost" as const;
        throw again;
      });
    }
  };
};

const failureOf = (error: unknown): Failure => {
  const known = isAppError(error) ? error : new AppError("internal", "rpc.internal", "The step failed.");
  return { code: known.code, message: known.message, details: known.details };
};
