import type { Clock } from "@tandem/kernel";
import { isLimited } from "../model/voucher.ts";
import type { PricingUnitOfWork } from "./ports.ts";

export interface SettleVoucherUseDeps {
  readonly uow: PricingUnitOfWork;
  readonly clock: Clock;
}

export interface SettleVoucherUseInput {
  readonly quoteId: string;
  readonly voucherCode: string;
  readonly customerId: string | undefined;
  readonly outcome: "USED" | "RELEASED";
}

/**
 * An order uses its quote's voucher up, or gives it back. Idempotent; the end wins over the beginning, whichever news comes
 * first. Vouchers without a limit are not counted.
 */
export const makeSettleVoucherUse =
  ({ uow, clock }: SettleVoucherUseDeps) =>
  (input: SettleVoucherUseInput, signal?: AbortSignal): Promise<void> =>
    uow.transact(async ({ vouchers }) => {
      if (!input.voucherCode || !input.quoteId) return;
      const voucher = await vouchers.getByCode(input.voucherCode);
      if (!voucher || !isLimited(voucher)) return;
      const { quoteId, customerId } = input;
      const use = { quoteId, voucherId: voucher.id, customerId, heldUntil: clock.now() };
      await (input.outcome === "USED" ? vouchers.markUsed(use) : vouchers.markReleased(use));
    }, signal);
