import type { Clock } from "@tandem/kernel";
import type { RetryPolicy } from "../model/refund-claim.ts";
import type { ClaimReader, PaymentUnitOfWork } from "./ports.ts";
import { saveStep } from "./save-step.ts";

export interface RetryRefundsDeps {
  readonly uow: PaymentUnitOfWork;
  readonly claims: ClaimReader;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly policy: RetryPolicy;
  /** Claims of one run, 1 to 10 000. Default 500. */
  readonly limit?: number;
}

/**
 * Makes refunds due again that the provider has refused, once their pause is over; those that were refused too often are a person's. Each in a
 * transaction of its own, behind its payment's lock. Returns how many.
 */
export const makeRetryRefunds =
  ({ uow, claims, clock, newId, policy, limit = 500 }: RetryRefundsDeps) =>
  async (signal?: AbortSignal): Promise<number> => {
    let again = 0;
    for (const { id, paymentId } of await claims.listToRetry(policy, clock.now(), limit)) {
      if (signal?.aborted) break;
      await uow.transact(async (repositories) => {
        const before = await repositories.payments.lockById(paymentId);
        // Asked by somebody else meanwhile, or given back by hand.
        if (!(await repositories.claims.reopenFailed(id))) return;
        const now = clock.now();
        await saveStep(repositories, { payment: before, ask: [], events: [] }, { before, now, newId });
        again += 1;
      }, signal);
    }
    return again;
  };
