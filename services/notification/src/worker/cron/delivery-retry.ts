import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { makeRetryDeliveries } from "../../biz/retry-deliveries.ts";

/** Every minute: decides about messages whose sender died, and about those that wait. */
export const deliveryRetry = (deps: { readonly retryDeliveries: ReturnType<typeof makeRetryDeliveries> }): CronJob =>
  defineCronJob({
    name: "notification.delivery-retry",
    description: "Takes up messages whose sender died, and gives up those whose address never came",
    schedule: "15 * * * * *",
    timeoutMs: 50_000,
    run: async ({ signal }) => ({ ...(await deps.retryDeliveries(signal)) }),
  });
