import { money } from "@tandem/kernel";
import type { Shipment } from "../model/shipment.ts";
import type { shipmentTable } from "./schema.ts";

type Row = typeof shipmentTable.$inferSelect;

export const shipmentFromRow = ({ priceCurrency, priceMinor, ...row }: Row): Shipment => ({
  ...row,
  price: priceCurrency === null || priceMinor === null ? null : money(priceCurrency, priceMinor),
});

export const shipmentToRow = ({ price, ...shipment }: Shipment): Row => ({
  ...shipment,
  priceCurrency: price?.currency ?? null,
  priceMinor: price?.minor ?? null,
});
