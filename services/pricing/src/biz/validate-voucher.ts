import type { AppError, Clock, Money } from "@tandem/kernel";
import { voucherNotApplicable } from "../model/errors.ts";
import { isLimited, judgeUse, judgeVoucher } from "../model/voucher.ts";
import type { VoucherReader } from "./ports.ts";

export interface ValidateVoucherDeps {
  readonly vouchers: VoucherReader;
  readonly clock: Clock;
}

export interface ValidateVoucherInput {
  readonly code: string;
  /** Of the lines, after promotions. */
  readonly subtotal: Money;
  readonly customerId: string | undefined;
}

export type VoucherAnswer =
  | { readonly applicable: true; readonly reduction: Money }
  | { readonly applicable: false; readonly error: AppError };

/**
 * Whether a code would reduce this sum now, and by how much; nothing is held.
 * @throws AppError `pricing.voucher_not_found`
 */
export const makeValidateVoucher =
  ({ vouchers, clock }: ValidateVoucherDeps) =>
  async ({ code, subtotal, customerId }: ValidateVoucherInput): Promise<VoucherAnswer> => {
    const voucher = await vouchers.getByCode(code);
    const now = clock.now();
    const verdict = judgeVoucher(voucher, subtotal, now);
    if (!verdict.applicable) return { applicable: false, error: voucherNotApplicable(code, verdict.refusal) };
    if (isLimited(voucher)) {
      const refusal = judgeUse(voucher, customerId, await vouchers.countUses(voucher.id, customerId, now));
      if (refusal) return { applicable: false, error: voucherNotApplicable(code, refusal) };
    }
    return verdict;
  };
