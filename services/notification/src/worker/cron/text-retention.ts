import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { makeForgetTexts } from "../../biz/forget-texts.ts";

/** Every hour: forgets what was written in messages that are older than they need to be. */
export const textRetention = (deps: { readonly forgetTexts: ReturnType<typeof makeForgetTexts> }): CronJob =>
  defineCronJob({
    name: "notification.text-retention",
    description: "Forgets the texts of messages that ended long ago",
    schedule: "0 35 * * * *",
    timeoutMs: 600_000,
    run: async ({ signal }) => ({ messages: await deps.forgetTexts(signal) }),
  });
