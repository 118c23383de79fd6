import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { Metrics } from "@tandem/runtime";
import type { makeScanStale } from "../../biz/scan-stale.ts";
import { fulfillmentStates } from "../../model/fulfillment.ts";

export interface StaleScanDeps {
  readonly scanStale: ReturnType<typeof makeScanStale>;
  readonly metrics: Metrics;
}

/** Every five minutes: what lies too long is counted, what lies far too long is flagged and logged once. */
export const staleScan = ({ scanStale, metrics }: StaleScanDeps): CronJob => {
  const gauge = metrics.gauge({
    name: "tandem_fulfillment_stale",
    help: "Fulfillments that have been in one status for too long, as of the last scan",
    labels: ["status"],
  });
  return defineCronJob({
    name: "fulfillment.stale-scan",
    description: "Reports fulfillments that lie too long and flags them for a person",
    schedule: "30 */5 * * * *",
    missed: "skip",
    timeoutMs: 60_000,
    run: async ({ signal, log }) => {
      const { stale, flagged } = await scanStale(signal);
      for (const status of fulfillmentStates.states) {
        if (!fulfillmentStates.terminal(status)) gauge.set({ status }, stale[status] ?? 0);
      }
      for (const fulfillmentId of flagged) log.error({ fulfillmentId }, "a fulfillment lies: a person has to look");
      return { stale: Object.values(stale).reduce((sum, n) => sum + n, 0), flagged: flagged.length };
    },
  });
};
