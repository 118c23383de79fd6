import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { TrackingQueue } from "../../biz/ports.ts";

/** Parcels that one run takes up again. */
const AT_MOST = 1_000;

/** Every five minutes: a parcel on its way that nothing follows any more is followed again. The following itself is the worker's. */
export const trackingPoll = ({ tracking }: { readonly tracking: Pick<TrackingQueue, "repair"> }): CronJob =>
  defineCronJob({
    name: "shipping.tracking-poll",
    description: "Takes up parcels on their way that nothing follows",
    schedule: "30 */5 * * * *",
    timeoutMs: 60_000,
    run: async () => ({ takenUp: await tracking.repair(AT_MOST) }),
  });
