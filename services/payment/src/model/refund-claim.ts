import { type Money, subtractMoney, sumMoney } from "@tandem/kernel";
import { type Payment, refundable } from "./payment.ts";

export type ClaimStatus = "DUE" | "ASKED" | "DONE" | "FAILED";

/** As people look at it: a refused one is asked for again, or waits for a person. */
export type ClaimState = "DUE" | "ASKED" | "RETRYING" | "GIVEN_UP";
export const CLAIM_STATES: readonly ClaimState[] = ["DUE", "ASKED", "RETRYING", "GIVEN_UP"];

/** When a refused refund is asked for again. */
export interface RetryPolicy {
  /** After the first refusal; twice as long after each further one. */
  readonly pauseMs: number;
  readonly maxPauseMs: number;
  /** In all, the first included; then a person looks. */
  readonly maxTries: number;
}

/** Money that goes back for goods that came back, or that were paid and never sent. */
export interface RefundClaim {
  /** Of a return: the return's id. */
  readonly id: string;
  readonly paymentId: string;
  readonly kind: "RETURN" | "SHORTAGE";
  readonly amount: Money;
  readonly reason: string;
  readonly status: ClaimStatus;
  readonly createdAt: Date;
}

/** Names the return: who asked for it finds it again in `payment.refunded`. */
export const returnClaim = (returnId: string, paymentId: string, amount: Money, now: Date): RefundClaim => ({
  id: returnId,
  paymentId,
  kind: "RETURN",
  amount,
  reason: `return ${returnId}`,
  status: "DUE",
  createdAt: now,
});

/**
 * Whether claims may be served: the money is here, and does not go back as a whole anyway. Or there was nothing to pay, and they are answered
 * with nothing.
 */
export const servesClaims = ({ status, cancelled, total }: Payment): boolean =>
  !cancelled &&
  (status === "CAPTURED" ||
    status === "PARTIALLY_REFUNDED" ||
    status === "REFUNDED" ||
    (status === "VOIDED" && total.minor === 0n));

/** What was captured beyond what the order costs now, less what was claimed for that before; undefined when nothing was. */
export const shortageOf = (
  { captured, total }: Payment,
  claims: readonly Pick<RefundClaim, "kind" | "amount">[],
): Money | undefined => {
  const claimed = sumMoney(
    captured.currency,
    claims.filter(({ kind }) => kind === "SHORTAGE").map(({ amount }) => amount),
  );
  const excess = subtractMoney(subtractMoney(captured, total), claimed);
  return excess.minor > 0n ? excess : undefined;
};

/** Never more than was captured and is still here. */
export const payable = (payment: Payment, { amount }: Pick<RefundClaim, "amount">): Money => {
  const most = refundable(payment);
  return amount.minor < most.minor ? amount : most;
};
