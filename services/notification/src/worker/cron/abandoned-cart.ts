import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { makeRemindOfCarts } from "../../biz/remind-of-carts.ts";

/** Every five minutes: reminds of carts that were left lying. */
export const abandonedCart = (deps: { readonly remindOfCarts: ReturnType<typeof makeRemindOfCarts> }): CronJob =>
  defineCronJob({
    name: "notification.abandoned-cart",
    description: "Reminds customers of carts that were left lying",
    schedule: "45 */5 * * * *",
    timeoutMs: 120_000,
    run: async ({ signal }) => ({ carts: await deps.remindOfCarts(signal) }),
  });
