import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { makeCleanUp } from "../../biz/clean-up.ts";

/** Every hour: files whose time is over, old tasks, old events of the timeline. The audit trail stays. */
export const taskCleanup = ({ cleanUp }: { readonly cleanUp: ReturnType<typeof makeCleanUp> }): CronJob =>
  defineCronJob({
    name: "common-operations.task-cleanup",
    description: "Removes expired files, old tasks and old events of the timeline",
    schedule: "0 20 * * * *",
    timeoutMs: 1_800_000,
    run: async ({ signal }) => ({ ...(await cleanUp(signal)) }),
  });
