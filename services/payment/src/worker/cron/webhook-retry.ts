import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { WebhookInbox } from "../../biz/ports.ts";

const BATCH = 200;

/** Works off webhooks that could not be when they came: the process died, or we do not know their operation yet. */
export const webhookRetry = (deps: { readonly inbox: WebhookInbox }): CronJob =>
  defineCronJob({
    name: "payment.webhook-retry",
    description: "Works off stored webhooks of the card provider",
    schedule: "30 * * * * *",
    timeoutMs: 50_000,
    run: async ({ signal }) => {
      const sum = { done: 0, postponed: 0, abandoned: 0 };
      while (!signal.aborted) {
        const { done, postponed, abandoned } = await deps.inbox.workOff(BATCH);
        sum.done += done;
        sum.postponed += postponed;
        sum.abandoned += abandoned;
        if (done + postponed + abandoned < BATCH) break;
      }
      return sum;
    },
  });
