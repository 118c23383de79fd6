import { AppError } from "./app-error.ts";

/** An amount in minor units (cents) of an ISO 4217 currency, within int64. */
export interface Money {
  readonly currency: string;
  readonly minor: bigint;
}

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);
/** Basis points in a whole: 10 000 bp = 100 %. */
const BASIS = 10_000n;

const checked = (currency: string, minor: bigint): Money => {
  if (minor > MAX || minor < MIN) {
    throw new AppError("invalid_argument", "money.overflow", "The amount is out of range.");
  }
  return { currency, minor };
};

const sameCurrency = (a: Money, b: Money): string => {
  if (a.currency !== b.currency) {
    throw new AppError(
      "invalid_argument",
      "money.currency_mismatch",
      `Amounts in ${a.currency} and ${b.currency} cannot be combined.`,
      { details: [{ field: "currencyCode", rule: "same_currency", message: `expected ${a.currency}` }] },
    );
  }
  return a.currency;
};

/** @throws AppError `money.currency_invalid`, `money.overflow` */
export const money = (currency: string, minor: bigint | number): Money => {
  if (!/^[A-Z]{3}$/.test(currency)) {
    throw new AppError("invalid_argument", "money.currency_invalid", "A currency is three capital letters (ISO 4217).");
  }
  if (typeof minor === "number" && !Number.isSafeInteger(minor)) {
    throw new AppError("invalid_argument", "money.overflow", "An amount is a whole number of minor units.");
  }
  return checked(currency, BigInt(minor));
};

export const zeroMoney = (currency: string): Money => money(currency, 0n);

/** @throws AppError `money.currency_mismatch`, `money.overflow` */
export const addMoney = (a: Money, b: Money): Money => checked(sameCurrency(a, b), a.minor + b.minor);

/** @throws AppError `money.currency_mismatch`, `money.overflow` */
export const subtractMoney = (a: Money, b: Money): Money => checked(sameCurrency(a, b), a.minor - b.minor);

/** @throws AppError `money.overflow` */
export const multiplyMoney = (amount: Money, quantity: bigint | number): Money =>
  checked(amount.currency, amount.minor * BigInt(quantity));

/** Rounds half to even (banker's rounding), so that many small roundings do not drift one way. */
const divideHalfEven = (dividend: bigint, divisor: bigint): bigint => {
  const quotient = dividend / divisor;
  const remainder = dividend % divisor;
  const twice = 2n * (remainder < 0n ? -remainder : remainder);
  const away = dividend < 0n ? -1n : 1n;
  if (twice > divisor || (twice === divisor && quotient % 2n !== 0n)) return quotient + away;
  return quotient;
};

/** `basisPoints` hundredths of a percent of the amount, rounded half to even: 1900 is 19 %. */
export const percentOf = (amount: Money, basisPoints: bigint | number): Money =>
  checked(amount.currency, divideHalfEven(amount.minor * BigInt(basisPoints), BASIS));

/**
 * Splits an amount by weights without losing a unit: the largest remainders get the rest, ties to the first.
 * @param weights at least one, none negative, not all zero
 * @throws AppError `money.weights_invalid`
 */
export const allocateMoney = (amount: Money, weights: readonly (bigint | number)[]): Money[] => {
  const shares = weights.map(BigInt);
  const total = shares.reduce((sum, weight) => sum + weight, 0n);
  if (total <= 0n || shares.some((weight) => weight < 0n)) {
    throw new AppError("invalid_argument", "money.weights_invalid", "Weights are not negative and not all zero.");
  }
  const sign = amount.minor < 0n ? -1n : 1n;
  const whole = amount.minor * sign;
  const parts = shares.map((weight) => (whole * weight) / total);
  const rest = whole - parts.reduce((sum, part) => sum + part, 0n);
  const byRemainder = shares
    .map((weight, index) => ({ index, remainder: (whole * weight) % total }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1));
  for (const { index } of byRemainder.slice(0, Number(rest))) parts[index] = (parts[index] ?? 0n) + 1n;
  return parts.map((part) => ({ currency: amount.currency, minor: part * sign }));
};

/** @throws AppError `money.currency_mismatch`, `money.overflow` */
export const sumMoney = (currency: string, amounts: Iterable<Money>): Money => {
  let sum = zeroMoney(currency);
  for (const amount of amounts) sum = addMoney(sum, amount);
  return sum;
};

/** Negative, zero or positive. @throws AppError `money.currency_mismatch` */
export const compareMoney = (a: Money, b: Money): -1 | 0 | 1 => {
  sameCurrency(a, b);
  return a.minor === b.minor ? 0 : a.minor < b.minor ? -1 : 1;
};
