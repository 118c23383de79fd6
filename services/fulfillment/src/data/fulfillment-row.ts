import { getTableColumns } from "drizzle-orm";
import type { Fulfillment } from "../model/fulfillment.ts";
import { fulfillmentTable } from "./schema.ts";

// For SQL that is written out once: the same few statements run for every step of every fulfillment.
const COLUMNS = Object.entries(getTableColumns(fulfillmentTable)).map(([key, { name }]) => ({ key, name }));

const NAMES = COLUMNS.map(({ name }) => name).join(", ");

/** @param json SQL of a JSON array of what {@link fulfillmentToJson} makes */
export const insertFulfillments = (json: string): string =>
  `insert into fulfillment (${NAMES}) select ${NAMES} from jsonb_populate_recordset(null::fulfillment, ${json}::jsonb)`;

export const selectFulfillment = (from: string): string =>
  COLUMNS.map(({ key, name }) => `${from}.${name} as "${key}"`).join(", ");

export type FoundFulfillment = Omit<Fulfillment, "version"> & { readonly version: string } & Record<string, unknown>;

/** What {@link selectFulfillment} finds, as pg parses it. */
export const fulfillmentFromSql = (found: FoundFulfillment): Fulfillment => ({
  ...found,
  version: BigInt(found.version),
});

/** By the columns' names, as Postgres reads it from JSON. */
export const fulfillmentToJson = (fulfillment: Fulfillment): Readonly<Record<string, unknown>> => {
  const row: Readonly<Record<string, unknown>> = { ...fulfillment, version: fulfillment.version.toString() };
  return Object.fromEntries(COLUMNS.map(({ key, name }) => [name, row[key]]));
};
