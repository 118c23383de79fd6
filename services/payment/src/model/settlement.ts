import { type Money, percentOf, subtractMoney } from "@tandem/kernel";

/** What the provider pays out for one period and currency: net = gross - refunded - fee. */
export interface Settlement {
  readonly id: string;
  readonly gross: Money;
  readonly refunded: Money;
  readonly fee: Money;
  readonly net: Money;
  readonly paymentCount: number;
  /** From, inclusive, to, exclusive. */
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly settledAt: Date;
}

/** 1.4 % of what was captured. */
const FEE_BASIS_POINTS = 140;

export interface SettlementSums
  extends Pick<Settlement, "gross" | "refunded" | "paymentCount" | "periodStart" | "periodEnd"> {}

export const makeSettlement = (id: string, sums: SettlementSums, now: Date): Settlement => {
  const fee = percentOf(sums.gross, FEE_BASIS_POINTS);
  return { ...sums, id, fee, net: subtractMoney(subtractMoney(sums.gross, sums.refunded), fee), settledAt: now };
};
