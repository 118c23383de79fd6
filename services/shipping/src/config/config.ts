import { apiConfig, workerConfig } from "@tandem/chassis";
import { durationMs, integer, secret } from "@tandem/runtime";
import { z } from "zod";

const DAY_MS = 86_400_000;

const line = z.string().max(200);
const address = z.object({
  recipient: line.min(1),
  line1: line.min(1),
  line2: line.default(""),
  postalCode: z.string().min(1).max(20),
  city: line.min(1),
  region: line.default(""),
  countryCode: z.string().regex(/^[A-Z]{2}$/),
  phone: z.string().max(30).default(""),
});

const HEADQUARTERS = {
  recipient: "Tandem Logistics",
  line1: "Lagerstrasse 1",
  line2: "",
  postalCode: "10115",
  city: "Berlin",
  region: "",
  countryCode: "DE",
  phone: "",
};

/** Where parcels come from, by warehouse code, as JSON; MAIN is where those of unknown ones come from, and where returns go. */
const warehouses = () =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: "custom", message: "is not JSON" });
        return z.NEVER;
      }
    })
    .pipe(z.record(z.string(), address))
    .optional()
    .transform((given) => ({ MAIN: HEADQUARTERS, ...given }));

const carriers = {
  WAREHOUSES: warehouses(),
  /** Longest wait for one answer of a carrier. */
  CARRIER_TIMEOUT_MS: durationMs({ min: 50 }).default(2_000),
  /** The simulated carriers: how long they take to answer. */
  CARRIER_CALL_MS: durationMs().default(20),
  /** The simulated carriers: from the pickup to the door. */
  CARRIER_TRANSIT_MS: durationMs({ max: 60 * DAY_MS }).default(2 * DAY_MS),
  /** From one look for a parcel to the next. */
  TRACKING_INTERVAL_MS: durationMs({ min: 10 }).default(900_000),
};

export const shippingApiConfig = apiConfig.extend({
  ...carriers,
  /** What carriers sign their webhooks with. Without it none is taken. */
  CARRIER_WEBHOOK_SECRET: secret({ minLength: 16 }).optional(),
});

export const shippingWorkerConfig = workerConfig.extend({
  ...carriers,
  /** Calls to carriers at once. */
  CARRIER_CONCURRENCY: integer({ min: 1, max: 200 }).default(16),
  /** How long a worker that may have died keeps an operation. Longer than two calls. */
  OPERATION_LEASE_MS: durationMs({ min: 100 }).default(20_000),
  /** How long the outcome of an operation may stay unknown before it is left to a person. */
  OPERATION_GIVE_UP_MS: durationMs({ min: 1_000, max: 60 * DAY_MS }).default(DAY_MS),
  /** How long a parcel may be on its way before it is left to a person. */
  TRACKING_GIVE_UP_MS: durationMs({ min: 1_000, max: 90 * DAY_MS }).default(30 * DAY_MS),
});
