import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { Metrics } from "@tandem/runtime";
import type { makeFindDormant } from "../../biz/find-dormant.ts";
import type { CustomerReader } from "../../biz/ports.ts";

export interface SegmentationDeps {
  readonly findDormant: ReturnType<typeof makeFindDormant>;
  readonly customers: CustomerReader;
  readonly metrics: Metrics;
}

/** Every night: orders move customers between segments at once; that they have stopped ordering, only time tells. */
export const segmentation = ({ findDormant, customers, metrics }: SegmentationDeps): CronJob => {
  const inSegment = metrics.gauge({
    name: "tandem_customer_customers",
    help: "Customers by segment, and those who were forgotten, as of the last segmentation",
    labels: ["segment"],
  });
  return defineCronJob({
    name: "customer.segmentation",
    description: "Moves customers who have stopped ordering to the segment dormant",
    schedule: "0 30 2 * * *",
    timeoutMs: 600_000,
    run: async ({ signal }) => {
      const dormant = await findDormant(signal);
      const counts = await customers.countBySegment();
      for (const segment of ["new", "regular", "loyal", "vip", "dormant", "erased"] as const)
        inSegment.set({ segment }, counts[segment] ?? 0);
      return { dormant };
    },
  });
};
