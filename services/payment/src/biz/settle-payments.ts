import type { Clock } from "@tandem/kernel";
import { makeSettlement, type Settlement } from "../model/settlement.ts";
import type { PaymentUnitOfWork } from "./ports.ts";

export interface SettlePaymentsDeps {
  readonly uow: PaymentUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** Settles what was captured before `until`, once, by currency, and announces each with `payment.settled`. */
export const makeSettlePayments =
  ({ uow, clock, newId }: SettlePaymentsDeps) =>
  (until: Date, signal?: AbortSignal): Promise<readonly Settlement[]> =>
    uow.transact(async ({ settlements, outbox }) => {
      const now = clock.now();
      const made: Settlement[] = [];
      for (const { paymentIds, ...sums } of await settlements.lockUnsettled(until)) {
        const settlement = makeSettlement(newId(), sums, now);
        await settlements.create(settlement, paymentIds);
        made.push(settlement);
      }
      await outbox.add(...made.map((settlement) => ({ type: "payment.settled" as const, settlement, at: now })));
      return made;
    }, signal);
