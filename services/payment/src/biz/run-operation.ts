import type { Clock } from "@tandem/kernel";
import type { OperationOutcome } from "../model/operation.ts";
import { applyOutcome } from "../model/payment.ts";
import type { CardProvider, LeasedOperation, PaymentUnitOfWork } from "./ports.ts";
import { saveStep } from "./save-step.ts";

/**
 * Asks the provider, outside of any transaction; undefined: it still works on it. Of an operation that may have been done it asks what became
 * of it before it asks again.
 */
export const makeAskProvider =
  ({ provider }: { readonly provider: CardProvider }) =>
  async (operation: LeasedOperation, signal: AbortSignal): Promise<OperationOutcome | undefined> => {
    // Cash: nobody to ask. People pay it back; this is the record.
    if (operation.method === "COD") return { type: "succeeded", reference: "" };
    const { id: operationId, kind, amount, cardToken, providerReference } = operation;
    const known = operation.uncertain ? await provider.lookup(operationId, signal) : undefined;
    const answer =
      known ?? (await provider.execute({ operationId, kind, amount, cardToken, providerReference }, signal));
    return answer.type === "pending" ? undefined : answer;
  };

export interface CommitOperationDeps {
  readonly uow: PaymentUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

class StaleLease extends Error {}

/** Commits what the provider did together with the payment and the event, under the operation's token. */
export const makeCommitOperation =
  ({ uow, clock, newId }: CommitOperationDeps) =>
  async (operation: LeasedOperation, outcome: OperationOutcome, signal: AbortSignal): Promise<"done" | "stale"> => {
    const { id, token } = operation;
    try {
      await uow.transact(async (repositories) => {
        const before = await repositories.payments.lockById(operation.paymentId);
        if (!(await repositories.operations.finish(id, token, outcome))) throw new StaleLease();
        const now = clock.now();
        if (operation.kind === "REFUND") {
          const paid = outcome.type === "succeeded";
          await repositories.claims.decide(id, paid ? "DONE" : "FAILED", now);
          // A person's refund that names a return stands for the one that was refused.
          if (paid) await repositories.claims.closeRefused(operation.paymentId, operation.reason);
        }
        await saveStep(repositories, applyOutcome(before, operation, outcome, now), { before, now, newId });
      }, signal);
      return "done";
    } catch (error) {
      if (error instanceof StaleLease) return "stale";
      throw error;
    }
  };
