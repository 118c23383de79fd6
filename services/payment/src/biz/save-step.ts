import type { Payment, PaymentStep } from "../model/payment.ts";
import type { Repositories } from "./ports.ts";
import { serveClaims } from "./serve-claims.ts";

/** Writes what a step changed, asks and announces: in one transaction, or not at all. When it asks nothing, customers' claims have their turn. */
export const saveStep = async (
  repositories: Repositories,
  step: PaymentStep,
  { before, now, newId }: { readonly before: Payment | undefined; readonly now: Date; readonly newId: () => string },
): Promise<Payment> => {
  const { payments, operations, outbox } = repositories;
  const { payment, ask, events } = step;
  if (before && payment !== before) await payments.update(payment);
  for (const one of ask) await operations.create({ ...one, id: newId(), paymentId: payment.id, createdAt: now });
  await outbox.add(...events);
  if (ask.length === 0) await serveClaims(repositories, payment, { now, newId });
  return payment;
};
