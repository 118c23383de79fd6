import type { Payment, PaymentStep } from "../model/payment.ts";
import type { Repositories } from "./ports.ts";

/** Writes what a step changed, asks and announces: in one transaction, or not at all. */
export const saveStep = async (
  { payments, operations, outbox }: Repositories,
  step: PaymentStep,
  { before, now, newId }: { readonly before: Payment | undefined; readonly now: Date; readonly newId: () => string },
): Promise<Payment> => {
  const { payment, ask, events } = step;
  if (before && payment !== before) await payments.update(payment);
  for (const one of ask) await operations.create({ ...one, id: newId(), paymentId: payment.id, createdAt: now });
  await outbox.add(...events);
  return payment;
};
