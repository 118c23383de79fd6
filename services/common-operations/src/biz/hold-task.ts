import type { ClaimedTask, Task } from "../model/task.ts";
import type { OperationsUnitOfWork, Repositories, TaskQueue } from "./ports.ts";

export interface HoldTaskDeps {
  readonly uow: OperationsUnitOfWork;
  readonly queue: Pick<TaskQueue, "renew">;
  /** How long a task is left to a worker that does not say that it lives. */
  readonly leaseMs: number;
}

/** A task in the hands of one worker, as long as it says that it lives. */
export interface HeldTask extends Disposable {
  readonly claimed: ClaimedTask;
  /** Aborted when the process stops, or the task is somebody else's. */
  readonly signal: AbortSignal;
  /** Under the task's lock. @throws LeaseLost when it is ours no more: then nothing is written */
  write(change: (task: Task, repositories: Repositories) => Promise<Task>): Promise<Task>;
  isLost(): boolean;
}

export class LeaseLost extends Error {}

/** Renews the lease until it is let go of. A worker that was thought dead learns of it by its next beat, or by its next write. */
export const holdTask = ({ uow, queue, leaseMs }: HoldTaskDeps, claimed: ClaimedTask, stop: AbortSignal): HeldTask => {
  const lost = new AbortController();
  const beat = setInterval(() => {
    queue.renew(claimed.id, claimed.token, leaseMs).then(
      (ours) => {
        if (!ours) lost.abort(new LeaseLost());
      },
      () => undefined, // the lease runs out by itself if the database stays away
    );
  }, leaseMs / 3);
  return {
    claimed,
    signal: AbortSignal.any([stop, lost.signal]),
    write: (change) =>
      uow.transact(async (repositories) => {
        const task = await repositories.tasks.lockClaimed(claimed.id, claimed.token);
        if (!task) throw new LeaseLost();
        const after = await change(task, repositories);
        await repositories.tasks.update(after);
        return after;
      }),
    isLost: () => lost.signal.aborted,
    [Symbol.dispose]: () => clearInterval(beat),
  };
};
