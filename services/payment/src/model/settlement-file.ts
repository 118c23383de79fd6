import { type Money, sumMoney, zeroMoney } from "@tandem/kernel";

/** One movement of money as the bank tells it. */
export interface BankLine {
  readonly operationId: string;
  readonly kind: "CAPTURE" | "REFUND";
  readonly amount: Money;
  readonly fee: Money;
}

/** The same as we know it: an operation that succeeded. */
export interface OwnMovement {
  readonly operationId: string;
  readonly paymentId: string;
  readonly kind: "CAPTURE" | "REFUND";
  readonly amount: Money;
}

export type DifferenceKind = "MISSING_WITH_US" | "MISSING_AT_BANK" | "OTHER_AMOUNT" | "OTHER_KIND" | "NAMED_TWICE";

export interface Difference {
  readonly kind: DifferenceKind;
  readonly operationId: string;
  /** Undefined when we know of no such operation. */
  readonly paymentId?: string | undefined;
  readonly ours?: Money | undefined;
  readonly theirs?: Money | undefined;
}

export interface SettlementFile {
  readonly id: string;
  readonly provider: string;
  /** `2026-11-21`, UTC. */
  readonly day: string;
  readonly status: "AGREES" | "DIFFERS";
  readonly checksum: string;
  readonly lineCount: number;
  readonly differences: readonly Difference[];
  /** One per currency; none while the two differ. */
  readonly settlementIds: readonly string[];
  readonly importedAt: Date;
}

/**
 * Compares the bank's day with ours.
 * @param known what we know of the operations that the file names
 * @param elsewhere operations that another day's file names already
 * @param unnamed ours of that day that no file names
 */
export const compareBooks = (
  lines: readonly BankLine[],
  known: readonly OwnMovement[],
  elsewhere: ReadonlySet<string>,
  unnamed: readonly OwnMovement[],
): readonly Difference[] => {
  const ours = new Map(known.map((one) => [one.operationId, one]));
  const named = lines.flatMap(({ operationId, kind, amount: theirs }): Difference[] => {
    const own = ours.get(operationId);
    if (!own) return [{ kind: "MISSING_WITH_US", operationId, theirs }];
    const { paymentId, amount } = own;
    const difference = { operationId, paymentId, ours: amount, theirs };
    if (elsewhere.has(operationId)) return [{ kind: "NAMED_TWICE", ...difference }];
    if (own.kind !== kind) return [{ kind: "OTHER_KIND", ...difference }];
    const same = amount.currency === theirs.currency && amount.minor === theirs.minor;
    return same ? [] : [{ kind: "OTHER_AMOUNT", ...difference }];
  });
  const missing = unnamed.map(
    ({ operationId, paymentId, amount }): Difference => ({
      kind: "MISSING_AT_BANK",
      operationId,
      paymentId,
      ours: amount,
    }),
  );
  return [...named, ...missing];
};

export interface BankSums {
  readonly gross: Money;
  readonly refunded: Money;
  readonly fee: Money;
  readonly operationIds: readonly string[];
}

/** What the bank pays out, by currency. */
export const sumLines = (lines: readonly BankLine[]): readonly BankSums[] => {
  const currencies = [...new Set(lines.map(({ amount }) => amount.currency))].sort();
  return currencies.map((currency) => {
    const own = lines.filter(({ amount }) => amount.currency === currency);
    const sum = (kind: BankLine["kind"]) =>
      sumMoney(
        currency,
        own.map((line) => (line.kind === kind ? line.amount : zeroMoney(currency))),
      );
    return {
      gross: sum("CAPTURE"),
      refunded: sum("REFUND"),
      fee: sumMoney(
        currency,
        own.map(({ fee }) => fee),
      ),
      operationIds: own.map(({ operationId }) => operationId),
    };
  });
};
