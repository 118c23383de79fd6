import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { makeExpireReservations } from "../../biz/expire-reservations.ts";

/** Every minute: gives back what orders did not confirm in time. */
export const reservationExpiry = (deps: {
  readonly expireReservations: ReturnType<typeof makeExpireReservations>;
}): CronJob =>
  defineCronJob({
    name: "warehouse.reservation-expiry",
    description: "Releases reservations whose time is over",
    schedule: "0 * * * * *",
    timeoutMs: 50_000,
    run: async ({ signal }) => ({ released: await deps.expireReservations(signal) }),
  });
