import { type Money, percentOf } from "@tandem/kernel";

/** A reduction: of a share, in hundredths of a percent (1 to 10 000), or of an amount in its own currency only. */
export type Discount =
  | { readonly kind: "PERCENT"; readonly basisPoints: number }
  | { readonly kind: "AMOUNT"; readonly amount: Money };

/** What the discount takes off `price`: never more than all of it, nothing in a foreign currency. */
export const reductionOf = (discount: Discount, price: Money): Money => {
  if (discount.kind === "PERCENT") return percentOf(price, discount.basisPoints);
  const { amount } = discount;
  if (amount.currency !== price.currency) return { currency: price.currency, minor: 0n };
  return amount.minor < price.minor ? amount : price;
};
