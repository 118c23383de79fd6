import type { Database } from "@tandem/postgres";
import type { CarrierPort } from "../biz/ports.ts";
import { type CarrierTraits, createSimulatedCarrier } from "./simulated-carrier.ts";

/** Slow and cheap, within Europe. */
const ox: CarrierTraits = {
  code: "ox",
  name: "Ox Parcel",
  prefix: "OX",
  service: "standard",
  baseMinor: 390,
  perKgMinor: 80,
  maxWeightGrams: 31_500,
  days: { home: 3, europe: 6, world: undefined },
};

/** Fast and dear, everywhere. */
const swift: CarrierTraits = {
  code: "swift",
  name: "Swift Express",
  prefix: "SW",
  service: "express",
  baseMinor: 690,
  perKgMinor: 120,
  maxWeightGrams: 70_000,
  days: { home: 1, europe: 2, world: 4 },
};

/** Names of the carriers that send webhooks. */
export const carrierCodes: readonly string[] = [ox.code, swift.code];

export interface SimulatedCarriersOptions {
  readonly database: Pick<Database, "query">;
  readonly callMs: number;
  readonly transitMs: number;
}

export const createSimulatedCarriers = (options: SimulatedCarriersOptions): readonly CarrierPort[] =>
  [ox, swift].map((traits) => createSimulatedCarrier({ ...options, traits }));
