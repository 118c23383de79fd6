import { type Money, money } from "@tandem/kernel";
import type { InferSelectModel } from "drizzle-orm";
import type { Quote, QuoteLine } from "../model/quote.ts";
import type { quoteTable } from "./schema.ts";

/** A line in JSON: amounts as decimal text, in the quote's currency. */
export interface StoredLine extends Omit<QuoteLine, "unitPrice" | "discount" | "tax" | "total" | "promotionId"> {
  readonly unitPrice: string;
  readonly discount: string;
  readonly tax: string;
  readonly total: string;
  readonly promotionId: string | null;
}

type Row = InferSelectModel<typeof quoteTable>;

const stored = ({ minor }: Money): string => minor.toString();

export const quoteToRow = ({ customerId, lines, totals, ...rest }: Quote): Row => ({
  ...rest,
  customerId: customerId ?? null,
  lines: lines.map((line) => ({
    ...line,
    unitPrice: stored(line.unitPrice),
    discount: stored(line.discount),
    tax: stored(line.tax),
    total: stored(line.total),
    promotionId: line.promotionId ?? null,
  })),
  subtotalMinor: totals.subtotal.minor,
  discountMinor: totals.discount.minor,
  taxMinor: totals.tax.minor,
  totalMinor: totals.total.minor,
});

export const quoteFromRow = (row: Row): Quote => {
  const { subtotalMinor, discountMinor, taxMinor, totalMinor, lines, customerId, ...rest } = row;
  const amount = (minor: string | bigint) => money(row.currency, BigInt(minor));
  return {
    ...rest,
    customerId: customerId ?? undefined,
    lines: lines.map((line) => ({
      ...line,
      unitPrice: amount(line.unitPrice),
      discount: amount(line.discount),
      tax: amount(line.tax),
      total: amount(line.total),
      promotionId: line.promotionId ?? undefined,
    })),
    totals: {
      subtotal: amount(subtotalMinor),
      discount: amount(discountMinor),
      tax: amount(taxMinor),
      total: amount(totalMinor),
    },
  };
};
