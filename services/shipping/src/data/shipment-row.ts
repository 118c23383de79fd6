import { money } from "@tandem/kernel";
import { getTableColumns } from "drizzle-orm";
import type { Shipment } from "../model/shipment.ts";
import { shipmentTable } from "./schema.ts";

type Row = typeof shipmentTable.$inferSelect;

export const shipmentFromRow = ({ priceCurrency, priceMinor, ...row }: Row): Shipment => ({
  ...row,
  price: priceCurrency === null || priceMinor === null ? null : money(priceCurrency, priceMinor),
});

const COLUMNS = Object.entries(getTableColumns(shipmentTable)).map(([key, { name }]) => ({ key, name }));

export const SHIPMENT_COLUMNS: readonly string[] = COLUMNS.map(({ name }) => name);

/**
 * A shipment's columns for SQL that is written out once, because the same few statements run for each step of each parcel.
 * @param prefix keeps them apart from columns of other tables in the same row
 */
export const selectShipment = (from: string, prefix = ""): string =>
  COLUMNS.map(({ key, name }) => `${from}.${name} as "${prefix}${key}"`).join(", ");

/** What {@link selectShipment} finds, as pg parses it. */
export const shipmentFromSql = (found: Readonly<Record<string, unknown>>, prefix = ""): Shipment => {
  const row = Object.fromEntries(COLUMNS.map(({ key }) => [key, found[`${prefix}${key}`]])) as unknown as Row;
  const big = (value: unknown) => BigInt(value as string);
  return shipmentFromRow({
    ...row,
    version: big(row.version),
    priceMinor: row.priceMinor === null ? null : big(row.priceMinor),
  });
};

/** By the columns' names, as Postgres reads it from JSON. */
export const shipmentToJson = ({ price, ...shipment }: Shipment): Readonly<Record<string, unknown>> => {
  const row: Readonly<Record<string, unknown>> = {
    ...shipment,
    version: shipment.version.toString(),
    priceCurrency: price?.currency ?? null,
    priceMinor: price?.minor.toString() ?? null,
  };
  return Object.fromEntries(COLUMNS.map(({ key, name }) => [name, row[key]]));
};
