import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { makeRetryRefunds } from "../../biz/retry-refunds.ts";

/** Asks the provider again for refunds that it has refused. */
export const refundRetry = (deps: { readonly retryRefunds: ReturnType<typeof makeRetryRefunds> }): CronJob =>
  defineCronJob({
    name: "payment.refund-retry",
    description: "Asks the card provider again for refunds that it has refused",
    schedule: "45 * * * * *",
    missed: "skip",
    timeoutMs: 50_000,
    run: async ({ signal }) => ({ askedAgain: await deps.retryRefunds(signal) }),
  });
