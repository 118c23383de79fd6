import type { Clock } from "@tandem/kernel";
import type { Leftovers, TimelineStore } from "./ports.ts";

export interface CleanUpDeps {
  readonly timeline: TimelineStore;
  readonly leftovers: Leftovers;
  readonly clock: Clock;
  readonly timelineRetainMs: number;
  readonly taskRetainMs: number;
  /** Rows of one statement. Default 1000. */
  readonly batchSize?: number;
}

/** Removes what has had its time, in short statements, until nothing is left or the signal fires. */
export const makeCleanUp =
  ({ timeline, leftovers, clock, timelineRetainMs, taskRetainMs, batchSize = 1_000 }: CleanUpDeps) =>
  async (signal: AbortSignal): Promise<{ readonly files: number; readonly tasks: number; readonly events: number }> => {
    const now = clock.now();
    const ago = (ms: number) => new Date(now.getTime() - ms);
    const all = async (remove: (limit: number) => Promise<number>): Promise<number> => {
      for (let total = 0; ; ) {
        const gone = await remove(batchSize);
        total += gone;
        if (gone < batchSize || signal.aborted) return total;
      }
    };
    return {
      files: await all((limit) => leftovers.deleteFilesExpiredBefore(now, limit)),
      tasks: await all((limit) => leftovers.deleteTasksFinishedBefore(ago(taskRetainMs), limit)),
      events: await all((limit) => timeline.deleteReceivedBefore(ago(timelineRetainMs), limit)),
    };
  };
