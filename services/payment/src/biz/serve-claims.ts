import { zeroMoney } from "@tandem/kernel";
import type { Payment } from "../model/payment.ts";
import { payable, servesClaims, shortageOf } from "../model/refund-claim.ts";
import type { Repositories } from "./ports.ts";

/**
 * Asks the provider for the next refund that a customer is owed, if nothing else is under way for the payment: what was captured for
 * pieces that are never sent, then returns, oldest first. A claim on money that is not here any more is answered with a refund of
 * nothing. The payment's lock is held.
 */
export const serveClaims = async (
  repositories: Pick<Repositories, "claims" | "operations" | "outbox">,
  payment: Payment,
  { now, newId }: { readonly now: Date; readonly newId: () => string },
): Promise<void> => {
  const { claims, operations, outbox } = repositories;
  if (!servesClaims(payment) || (await operations.findOpenKind(payment.id)) !== undefined) return;
  const known = await claims.listByPaymentId(payment.id, payment.amount.currency);
  const excess = shortageOf(payment, known);
  if (excess) {
    const reason = "order shortened";
    const short = { id: newId(), paymentId: payment.id, kind: "SHORTAGE" as const, amount: excess, reason };
    await claims.createIfAbsent({ ...short, status: "DUE", createdAt: now });
    return serveClaims(repositories, payment, { now, newId });
  }
  for (const claim of known.filter(({ status }) => status === "DUE")) {
    const amount = payable(payment, claim);
    if (amount.minor > 0n) {
      const operation = { id: newId(), paymentId: payment.id, kind: "REFUND" as const, amount, reason: claim.reason };
      await operations.create({ ...operation, createdAt: now });
      return claims.updateStatus(claim.id, "ASKED", operation.id);
    }
    await claims.updateStatus(claim.id, "DONE");
    const nothing = zeroMoney(payment.amount.currency);
    const { id: refundId, reason } = claim;
    await outbox.add({ type: "payment.refunded", payment, refundId, amount: nothing, reason, at: now });
  }
};
