import type { Clock } from "@tandem/kernel";
import { periodInvalid, voucherCodeTaken } from "../model/errors.ts";
import type { Voucher } from "../model/voucher.ts";
import type { PricingUnitOfWork } from "./ports.ts";

export interface CreateVoucherDeps {
  readonly uow: PricingUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface CreateVoucherInput extends Omit<Voucher, "id" | "startsAt" | "version" | "createdAt"> {
  /** Undefined: now. */
  readonly startsAt: Date | undefined;
}

/** @throws AppError `pricing.voucher_code_taken`, `pricing.period_invalid` */
export const makeCreateVoucher =
  ({ uow, clock, newId }: CreateVoucherDeps) =>
  (input: CreateVoucherInput, signal?: AbortSignal): Promise<Voucher> =>
    uow.transact(async ({ vouchers }) => {
      const now = clock.now();
      const voucher: Voucher = {
        ...input,
        id: newId(),
        startsAt: input.startsAt ?? now,
        version: 1n,
        createdAt: now,
      };
      if (voucher.endsAt <= voucher.startsAt) throw periodInvalid();
      if (!(await vouchers.createIfAbsent(voucher))) throw voucherCodeTaken(voucher.code);
      return voucher;
    }, signal);
