import type { Money } from "@tandem/kernel";

export type OperationKind = "AUTHORIZE" | "CAPTURE" | "VOID" | "REFUND";

export type FailureCode =
  | "DECLINED"
  | "INSUFFICIENT_FUNDS"
  | "CARD_EXPIRED"
  | "TOKEN_INVALID"
  | "FRAUD_SUSPECTED"
  | "PROVIDER_TIMEOUT"
  | "PROVIDER_UNAVAILABLE"
  | "AUTHORIZATION_EXPIRED";

/** Something asked of the provider: a durable row, executed outside of any transaction. Its id is the provider's idempotency key. */
export interface Operation {
  readonly id: string;
  readonly paymentId: string;
  readonly kind: OperationKind;
  readonly amount: Money;
  /** Of refunds: why. */
  readonly reason: string;
  readonly createdAt: Date;
}

/** Money that goes back, or went: an operation of kind REFUND. */
export interface Refund {
  readonly id: string;
  readonly amount: Money;
  readonly reason: string;
  readonly status: "PENDING" | "SUCCEEDED" | "FAILED";
  readonly createdAt: Date;
}

/** What the provider did about an operation. */
export type OperationOutcome =
  | { readonly type: "succeeded"; readonly reference: string }
  | { readonly type: "failed"; readonly code: FailureCode; readonly text: string };
