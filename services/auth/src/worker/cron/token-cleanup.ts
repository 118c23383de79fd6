import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { makeCleanUp } from "../../biz/clean-up.ts";

/** Every hour: deletes sessions, refresh tokens, verifications and attempts that are long over. */
export const tokenCleanup = ({ cleanUp }: { readonly cleanUp: ReturnType<typeof makeCleanUp> }): CronJob =>
  defineCronJob({
    name: "auth.token-cleanup",
    description: "Deletes sessions, refresh tokens, verifications and login attempts that are long over",
    schedule: "0 20 * * * *",
    timeoutMs: 600_000,
    run: ({ signal }) => cleanUp(signal),
  });
