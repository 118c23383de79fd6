import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { SagaEngine } from "@tandem/saga";
import type { makeEraseFinishedOrders } from "../../biz/forget-customer.ts";
import type {
  makeCleanUpReservations,
  makeConfirmCodOrders,
  makeRepeatCancellations,
  makeRetryCaptures,
} from "../../biz/nudge-checkouts.ts";
import type { Checkout } from "../../saga/checkout-saga.ts";

export interface CheckoutJobsDeps {
  readonly cleanUpReservations: ReturnType<typeof makeCleanUpReservations>;
  readonly confirmCodOrders: ReturnType<typeof makeConfirmCodOrders>;
  readonly retryCaptures: ReturnType<typeof makeRetryCaptures>;
  readonly repeatCancellations: ReturnType<typeof makeRepeatCancellations>;
  readonly eraseFinished: ReturnType<typeof makeEraseFinishedOrders>;
  readonly engine: Pick<SagaEngine<Checkout>, "listStuck" | "prune" | "rearm">;
  readonly pruneCartClaims: () => Promise<number>;
  /** How long ended sagas and their history are kept. */
  readonly keepEndedMs: number;
}

export const checkoutJobs = (deps: CheckoutJobsDeps): readonly CronJob[] => [
  defineCronJob({
    name: "order.reservation-cleanup",
    description: "Cancels orders that are pending although their stock is no longer held",
    schedule: "0 */15 * * * *",
    timeoutMs: 300_000,
    run: async ({ signal }) => ({ cancelled: await deps.cleanUpReservations(signal) }),
  }),
  defineCronJob({
    name: "order.cod-auto-confirm",
    description: "Confirms cash-on-delivery orders after the time for second thoughts",
    schedule: "*/10 * * * * *",
    missed: "skip",
    timeoutMs: 60_000,
    run: async ({ signal }) => ({ confirmed: await deps.confirmCodOrders(signal) }),
  }),
  defineCronJob({
    name: "order.capture-retry",
    description: "Asks payment once more to capture orders that have shipped and are not paid",
    schedule: "0 */5 * * * *",
    timeoutMs: 120_000,
    run: async ({ signal }) => ({ asked: await deps.retryCaptures(signal) }),
  }),
  defineCronJob({
    name: "order.cancel-retry",
    description: "Asks fulfillment once more about cancellations that it has not answered",
    schedule: "15 * * * * *",
    missed: "skip",
    timeoutMs: 50_000,
    run: async ({ signal }) => ({ asked: await deps.repeatCancellations(signal) }),
  }),
  defineCronJob({
    name: "order.erasure",
    description: "Blanks name and address of finished orders of people who asked to be forgotten",
    schedule: "45 */10 * * * *",
    missed: "skip",
    timeoutMs: 300_000,
    run: async ({ signal }) => ({ blanked: await deps.eraseFinished(signal) }),
  }),
  defineCronJob({
    name: "order.saga-timeout",
    description:
      "Finds checkouts that hang although their timers should have fired, and prunes ended ones and old claims of carts",
    schedule: "30 * * * * *",
    missed: "skip",
    timeoutMs: 50_000,
    run: async ({ scheduledAt, log }) => {
      const rearmed = await deps.engine.rearm();
      const stuck = await deps.engine.listStuck();
      for (const saga of stuck) log.error({ saga }, "a checkout is stuck: see the runbook");
      const pruned = await deps.engine.prune(new Date(scheduledAt.getTime() - deps.keepEndedMs));
      return { stuck: stuck.length, rearmed, pruned, claims: await deps.pruneCartClaims() };
    },
  }),
];
