import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { makePurgeQuotes } from "../../biz/purge-quotes.ts";

/** Every night: removes quotes that expired long ago. Orders carry their prices themselves. */
export const quoteCleanup = (deps: { readonly purgeQuotes: ReturnType<typeof makePurgeQuotes> }): CronJob =>
  defineCronJob({
    name: "pricing.quote-cleanup",
    description: "Removes quotes that expired long ago",
    schedule: "0 40 3 * * *",
    timeoutMs: 600_000,
    run: async ({ signal }) => ({ purged: await deps.purgeQuotes(signal) }),
  });
