import { AppError, type Clock, isAppError } from "@tandem/kernel";
import { applyOutcome } from "../model/payment.ts";
import type { CardProvider, LeasedOperation, OperationQueue, PaymentUnitOfWork, ProviderAnswer } from "./ports.ts";
import { saveStep } from "./save-step.ts";

export interface RunOperationDeps {
  readonly uow: PaymentUnitOfWork;
  readonly queue: OperationQueue;
  readonly provider: CardProvider;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Longest wait for one answer. */
  readonly callTimeoutMs: number;
  /** For fault suites: called between the provider's answer and the commit. */
  readonly beforeCommit?: () => Promise<void> | void;
}

const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 60_000;
/** An operation that the provider still works on is asked about this often; its webhook usually comes first. */
const PENDING_DELAY_MS = 2_000;

/**
 * Asks the provider, outside of any transaction, and commits what it did together with the payment and the event. An answer that does not
 * come says nothing: the provider is asked what became of the operation before it is asked again.
 */
export const makeRunOperation =
  ({ uow, queue, provider, clock, newId, callTimeoutMs, beforeCommit }: RunOperationDeps) =>
  async (operation: LeasedOperation, signal: AbortSignal): Promise<"done" | "postponed" | "stale"> => {
    const { id, token, attempt } = operation;
    let answer: ProviderAnswer;
    try {
      answer = await ask(provider, operation, AbortSignal.any([signal, AbortSignal.timeout(callTimeoutMs)]));
    } catch (error) {
      const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempt - 1, 10), MAX_DELAY_MS);
      // An open circuit means that the call was not made.
      await queue.postpone(
        id,
        token,
        delayMs,
        operation.uncertain || !isAppError(error, "circuit.open"),
        String(error),
      );
      return "postponed";
    }
    if (answer.type === "pending") {
      await queue.postpone(id, token, PENDING_DELAY_MS, true, "pending at the provider");
      return "postponed";
    }
    const outcome = answer;
    await beforeCommit?.();
    try {
      await uow.transact(async (repositories) => {
        const before = await repositories.payments.lockById(operation.paymentId);
        if (!(await repositories.operations.finish(id, token, outcome))) throw new StaleLease();
        const now = clock.now();
        await saveStep(repositories, applyOutcome(before, operation, outcome, now), { before, now, newId });
      }, signal);
      return "done";
    } catch (error) {
      if (error instanceof StaleLease) return "stale";
      throw error;
    }
  };

class StaleLease extends Error {}

const ask = async (
  provider: CardProvider,
  operation: LeasedOperation,
  signal: AbortSignal,
): Promise<ProviderAnswer> => {
  if (operation.uncertain) {
    const known = await provider.lookup(operation.id, signal);
    if (known) return known;
  }
  const { id: operationId, kind, amount, cardToken, providerReference } = operation;
  const answer = await provider.execute({ operationId, kind, amount, cardToken, providerReference }, signal);
  if (signal.aborted)
    throw new AppError("deadline_exceeded", "payment.provider_timeout", "The provider did not answer in time.");
  return answer;
};
