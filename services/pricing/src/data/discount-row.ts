import type { Discount } from "../model/discount.ts";

/** A discount as its three columns; the database keeps exactly one kind filled. */
export interface DiscountColumns {
  readonly basisPoints: number | null;
  readonly amountMinor: bigint | null;
  readonly currency: string | null;
}

export const discountToColumns = (discount: Discount): DiscountColumns =>
  discount.kind === "PERCENT"
    ? { basisPoints: discount.basisPoints, amountMinor: null, currency: null }
    : { basisPoints: null, amountMinor: discount.amount.minor, currency: discount.amount.currency };

export const discountFromColumns = ({ basisPoints, amountMinor, currency }: DiscountColumns): Discount =>
  basisPoints !== null
    ? { kind: "PERCENT", basisPoints }
    : { kind: "AMOUNT", amount: { currency: currency ?? "", minor: amountMinor ?? 0n } };
