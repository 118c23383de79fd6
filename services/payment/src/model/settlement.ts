import type { Money } from "@tandem/kernel";

/** What the provider pays out for one day and currency: net = gross - refunded - fee. */
export interface Settlement {
  readonly id: string;
  readonly gross: Money;
  readonly refunded: Money;
  readonly fee: Money;
  readonly net: Money;
  /** Payments that were captured in it. */
  readonly paymentCount: number;
  /** From, inclusive, to, exclusive. */
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly settledAt: Date;
}
