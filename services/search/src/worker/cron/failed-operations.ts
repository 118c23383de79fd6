import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { TaskQueue } from "../../biz/ports.ts";

/** Every minute: what the engine would not take is tried again when its pause is over, each time a longer one. */
export const failedOperations = ({ queue, wake }: { readonly queue: TaskQueue; readonly wake: () => void }): CronJob =>
  defineCronJob({
    name: "search.failed-operations",
    description: "Tries again what the engine would not take",
    schedule: "30 * * * * *",
    timeoutMs: 50_000,
    missed: "skip",
    run: async () => {
      const reopened = await queue.reopenDue(1_000);
      if (reopened > 0) wake();
      return { reopened };
    },
  });
