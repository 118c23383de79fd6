import { gatewayConfig as platformGatewayConfig } from "@tandem/chassis";
import { durationMs, flag, integer, port } from "@tandem/runtime";
import { z } from "zod";

const rate = (perSecond: number) => integer({ min: 1, max: 1_000_000, unit: "calls per second" }).default(perSecond);

const origins = z
  .string()
  .default("")
  .transform((list) =>
    list
      .split(",")
      .map((origin) => origin.trim())
      .filter((origin) => origin !== ""),
  )
  .refine(
    (list) => list.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
    "must be origins (https://shop.example) with commas between them; there is no wildcard",
  );

export const gatewayConfig = platformGatewayConfig.extend({
  /** Probes and metrics; the public port answers `/livez` and `/readyz` only. */
  OPS_PORT: port({ zero: true }).default(8081),
  /** `sidecar` invokes contexts by their app ids; `direct` calls their ports on this machine, to measure what the sidecar costs. */
  UPSTREAM_MODE: z.enum(["sidecar", "direct"]).default("sidecar"),
  /** Added to the ports of `direct`. */
  UPSTREAM_PORT_OFFSET: integer({ min: 0, max: 57_000 }).default(0),
  /** Calls in progress per context; more are refused, so that one slow context does not take the door's memory. */
  MAX_IN_FLIGHT_PER_CONTEXT: integer({ min: 1, max: 100_000 }).default(512),
  /** A context whose answers take longer gets fewer calls at once, down to 16, until they do not. Half of the default deadline: short of being too late. */
  SLOW_ANSWER_MS: durationMs({ min: 10, max: 60_000 }).default(5_000),
  MAX_BODY_BYTES: integer({ min: 1_024, max: 104_857_600 }).default(1_048_576),
  DEFAULT_DEADLINE_MS: durationMs({ min: 100, max: 300_000 }).default(10_000),
  MAX_DEADLINE_MS: durationMs({ min: 100, max: 300_000 }).default(60_000),
  /** For how long one answer to a public read serves all who ask the same, and as long again while it is fetched anew. 0: nobody shares. */
  SHARED_ANSWER_MS: durationMs({ max: 60_000 }).default(1_000),
  /** For a request's headers to arrive, and for all of it. */
  HEADERS_TIMEOUT_MS: durationMs({ min: 100, max: 60_000 }).default(10_000),
  REQUEST_TIMEOUT_MS: durationMs({ min: 100, max: 300_000 }).default(30_000),
  /** A connection on which nothing moves for so long is closed, an answer in progress included. */
  IDLE_TIMEOUT_MS: durationMs({ min: 1_000, max: 3_600_000 }).default(120_000),
  /** Browsers of these origins may call. Default: of none. */
  CORS_ORIGINS: origins,
  /** Per address and second, twice as many at once after a pause. */
  RATE_READ_PER_SECOND: rate(300),
  RATE_WRITE_PER_SECOND: rate(60),
  /** Log in, register, refresh: where passwords are guessed. */
  RATE_AUTH_PER_SECOND: rate(5),
  /** Paths that nobody serves, documents, health. */
  RATE_OTHER_PER_SECOND: rate(20),
  /** Whether replicas tell each other about busy addresses, through the sidecar's state store. */
  RATE_SHARED: flag().default(true),
});

export type DoorConfig = z.output<typeof gatewayConfig>;
