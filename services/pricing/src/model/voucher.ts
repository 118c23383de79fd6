import { type Money, zeroMoney } from "@tandem/kernel";
import { type Discount, reductionOf } from "./discount.ts";

/** A reduction of a whole order for those who know the code, on top of promotions. */
export interface Voucher {
  readonly id: string;
  readonly code: string;
  readonly discount: Discount;
  /** The least sum of the lines after promotions; undefined: any. */
  readonly minSubtotal: Money | undefined;
  /** Orders in all and per customer; undefined: as many as you like. */
  readonly usageLimit: number | undefined;
  readonly usageLimitPerCustomer: number | undefined;
  /** Inclusive. */
  readonly startsAt: Date;
  /** Exclusive. */
  readonly endsAt: Date;
  readonly version: bigint;
  readonly createdAt: Date;
}

/** Uses that count against a voucher's limits for one customer's next order. */
export interface VoucherUses {
  readonly total: number;
  readonly byCustomer: number;
  /** By orders, without what quotes hold. */
  readonly used: number;
}

export type VoucherRefusal = "not_now" | "other_currency" | "subtotal_too_small" | "used_up" | "needs_customer";

export type VoucherVerdict =
  | { readonly applicable: true; readonly reduction: Money }
  | { readonly applicable: false; readonly refusal: VoucherRefusal };

export const isActive = ({ startsAt, endsAt }: Voucher, now: Date): boolean => startsAt <= now && now < endsAt;

export const isLimited = ({ usageLimit, usageLimitPerCustomer }: Voucher): boolean =>
  usageLimit !== undefined || usageLimitPerCustomer !== undefined;

/** What the voucher takes off `subtotal` now: never more than all of it. Limits are another question. */
export const judgeVoucher = (voucher: Voucher, subtotal: Money, now: Date): VoucherVerdict => {
  const { discount, minSubtotal } = voucher;
  if (!isActive(voucher, now)) return { applicable: false, refusal: "not_now" };
  const currencies = [discount.kind === "AMOUNT" ? discount.amount.currency : undefined, minSubtotal?.currency];
  if (currencies.some((currency) => currency !== undefined && currency !== subtotal.currency)) {
    return { applicable: false, refusal: "other_currency" };
  }
  if (minSubtotal && subtotal.minor < minSubtotal.minor) return { applicable: false, refusal: "subtotal_too_small" };
  if (subtotal.minor <= 0n) return { applicable: true, reduction: zeroMoney(subtotal.currency) };
  return { applicable: true, reduction: reductionOf(discount, subtotal) };
};

/** Whether one more order may use the voucher; undefined when it may. */
export const judgeUse = (
  { usageLimit, usageLimitPerCustomer }: Voucher,
  customerId: string | undefined,
  uses: Pick<VoucherUses, "total" | "byCustomer">,
): VoucherRefusal | undefined => {
  if (usageLimitPerCustomer !== undefined && customerId === undefined) return "needs_customer";
  if (usageLimit !== undefined && uses.total >= usageLimit) return "used_up";
  if (usageLimitPerCustomer !== undefined && uses.byCustomer >= usageLimitPerCustomer) return "used_up";
  return undefined;
};
