import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { makeSettlePayments } from "../../biz/settle-payments.ts";

/** Every night: settles what was captured until midnight, by currency. */
export const settlement = (deps: { readonly settlePayments: ReturnType<typeof makeSettlePayments> }): CronJob =>
  defineCronJob({
    name: "payment.settlement",
    description: "Settles captured card payments, by currency",
    schedule: "0 5 0 * * *",
    timeoutMs: 600_000,
    run: async ({ scheduledAt, signal }) => {
      // Five minutes after midnight: captures of the day that were still being committed are in.
      const midnight = new Date(scheduledAt);
      midnight.setUTCHours(0, 0, 0, 0);
      const made = await deps.settlePayments(midnight, signal);
      return { settlements: made.length, payments: made.reduce((sum, one) => sum + one.paymentCount, 0) };
    },
  });
