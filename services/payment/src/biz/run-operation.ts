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
  /** How long the outcome of an operation may stay unknown before it is left to a person. Default 24 hours. */
  readonly giveUpMs?: number;
  /** For fault suites: called between the provider's answer and the commit. */
  readonly beforeCommit?: () => Promise<void> | void;
}

const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 60_000;
/** An operation that the provider still works on is asked about this often; its webhook usually comes first. */
const PENDING_DELAY_MS = 2_000;

export type RunOutcome = "done" | "postponed" | "stale" | "given_up";

/**
 * Asks the provider, outside of any transaction, and commits what it did together with the payment and the event. An answer that does not
 * come says nothing: the provider is asked what became of the operation before it is asked again.
 */
export const makeRunOperation =
  ({ uow, queue, provider, clock, newId, callTimeoutMs, giveUpMs = 86_400_000, beforeCommit }: RunOperationDeps) =>
  async (operation: LeasedOperation, signal: AbortSignal): Promise<RunOutcome> => {
    const { id, token, attempt } = operation;
    const postpone = async (delayMs: number, uncertain: boolean, why: string): Promise<RunOutcome> => {
      if (clock.now().getTime() - operation.createdAt.getTime() < giveUpMs) {
        await queue.postpone(id, token, delayMs, uncertain, why);
        return "postponed";
      }
      await queue.park(id, token, why);
      return "given_up";
    };
    let answer: ProviderAnswer;
    try {
      answer = await ask(provider, operation, AbortSignal.any([signal, AbortSignal.timeout(callTimeoutMs)]));
    } catch (error) {
      const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempt - 1, 10), MAX_DELAY_MS);
      // An open circuit means that the call was not made.
      return postpone(delayMs, operation.uncertain || !isAppError(error, "circuit.open"), String(error));
    }
    if (answer.type === "pending") return postpone(PENDING_DELAY_MS, true, "pending at the provider");
    const outcome = answer;
    await beforeCommit?.();
    try {
      await uow.transact(async (repositories) => {
        const before = await repositories.payments.lockById(operation.paymentId);
        if (!(await repositories.operations.finish(id, token, outcome))) throw new StaleLease();
        if (operation.kind === "REFUND") {
          await repositories.claims.decide(id, outcome.type === "succeeded" ? "DONE" : "FAILED");
        }
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
  // Cash: nobody to ask. People pay it back; this is the record.
  if (operation.method === "COD") return { type: "succeeded", reference: "" };
  if (operation.uncertain) {
    const known = await within(signal, provider.lookup(operation.id, signal));
    if (known) return known;
  }
  const { id: operationId, kind, amount, cardToken, providerReference } = operation;
  return within(signal, provider.execute({ operationId, kind, amount, cardToken, providerReference }, signal));
};

/** Waits no longer than the signal, also for a provider that does not heed it: its lease would run out under it. */
const within = <T>(signal: AbortSignal, work: Promise<T>): Promise<T> => {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = () =>
    reject(new AppError("deadline_exceeded", "payment.provider_timeout", "The provider did not answer in time."));
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp, { once: true });
  return Promise.race([work, late]).finally(() => signal.removeEventListener("abort", giveUp));
};
