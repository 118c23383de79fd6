import type { Clock } from "@tandem/kernel";
import { isLimited } from "../model/voucher.ts";
import type { PricingUnitOfWork } from "./ports.ts";

export interface SettleVoucherUseDeps {
  readonly uow: PricingUnitOfWork;
  readonly clock: Clock;
  /** An order came so late that its hold had ended and others had the last use: the order keeps its reduction, and somebody should know. */
  readonly onOveruse?: (voucherCode: string) => void;
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
  ({ uow, clock, onOveruse = () => {} }: SettleVoucherUseDeps) =>
  (input: SettleVoucherUseInput, signal?: AbortSignal): Promise<void> =>
    uow.transact(async ({ vouchers }) => {
      if (!input.voucherCode || !input.quoteId) return;
      const voucher = await vouchers.getByCode(input.voucherCode);
      if (!voucher || !isLimited(voucher)) return;
      const { quoteId, customerId } = input;
      const now = clock.now();
      const use = { quoteId, voucherId: voucher.id, customerId, heldUntil: now };
      await vouchers.lockById(voucher.id);
      if (input.outcome === "RELEASED") return vouchers.markReleased(use);
      await vouchers.markUsed(use);
      const { used } = await vouchers.countUses(voucher.id, customerId, now);
      if (voucher.usageLimit !== undefined && used > voucher.usageLimit) onOveruse(voucher.code);
    }, signal);
