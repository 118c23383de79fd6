import { money } from "@tandem/kernel";
import type { InferSelectModel } from "drizzle-orm";
import type { Voucher } from "../model/voucher.ts";
import { discountFromColumns, discountToColumns } from "./discount-row.ts";
import type { voucherTable } from "./schema.ts";

export type VoucherRow = InferSelectModel<typeof voucherTable>;

export const voucherToRow = ({ discount, minSubtotal, ...rest }: Voucher): VoucherRow => ({
  ...rest,
  ...discountToColumns(discount),
  minSubtotalMinor: minSubtotal?.minor ?? null,
  minSubtotalCurrency: minSubtotal?.currency ?? null,
  usageLimit: rest.usageLimit ?? null,
  usageLimitPerCustomer: rest.usageLimitPerCustomer ?? null,
});

export const voucherFromRow = ({
  basisPoints,
  amountMinor,
  currency,
  minSubtotalMinor,
  minSubtotalCurrency,
  ...rest
}: VoucherRow): Voucher => ({
  ...rest,
  discount: discountFromColumns({ basisPoints, amountMinor, currency }),
  minSubtotal: minSubtotalMinor === null ? undefined : money(minSubtotalCurrency ?? "", minSubtotalMinor),
  usageLimit: rest.usageLimit ?? undefined,
  usageLimitPerCustomer: rest.usageLimitPerCustomer ?? undefined,
});
