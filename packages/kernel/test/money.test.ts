import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addMoney,
  allocateMoney,
  compareMoney,
  isAppError,
  money,
  multiplyMoney,
  percentOf,
  subtractMoney,
  sumMoney,
  zeroMoney,
} from "../src/index.ts";

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);
const minor = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
  } catch (error) {
    return isAppError(error) ? error.code : String(error);
  }
  return undefined;
};

describe("money", () => {
  it.each(["eur", "EURO", "EU", "", "EU1"])("refuses %j as a currency", (currency) => {
    expect(codeOf(() => money(currency, 1n))).toBe("money.currency_invalid");
  });

  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    "refuses %d: not a whole number that is exact",
    (value) => {
      expect(codeOf(() => money("EUR", value))).toBe("money.overflow");
    },
  );

  it("reaches to both ends of int64 and not beyond", () => {
    expect(money("EUR", MAX).minor).toBe(MAX);
    expect(money("EUR", MIN).minor).toBe(MIN);
    expect(codeOf(() => money("EUR", MAX + 1n))).toBe("money.overflow");
    expect(codeOf(() => addMoney(money("EUR", MAX), money("EUR", 1n)))).toBe("money.overflow");
    expect(codeOf(() => subtractMoney(money("EUR", MIN), money("EUR", 1n)))).toBe("money.overflow");
    expect(codeOf(() => multiplyMoney(money("EUR", MAX), 2))).toBe("money.overflow");
    expect(codeOf(() => multiplyMoney(money("EUR", MIN), -1))).toBe("money.overflow");
    expect(codeOf(() => allocateMoney(money("EUR", MIN), [1]))).toBeUndefined();
  });

  it("never mixes currencies", () => {
    const [euro, dollar] = [money("EUR", 1n), money("USD", 1n)];
    for (const work of [addMoney, subtractMoney, compareMoney]) {
      expect(codeOf(() => work(euro, dollar))).toBe("money.currency_mismatch");
    }
    expect(codeOf(() => sumMoney("EUR", [euro, dollar]))).toBe("money.currency_mismatch");
  });

  it("adds like whole numbers: order does not matter, subtraction undoes addition", () => {
    fc.assert(
      fc.property(minor, minor, minor, (a, b, c) => {
        const [x, y, z] = [money("EUR", a), money("EUR", b), money("EUR", c)];
        expect(addMoney(addMoney(x, y), z)).toEqual(sumMoney("EUR", [z, y, x]));
        expect(subtractMoney(addMoney(x, y), y)).toEqual(x);
        expect(compareMoney(x, y)).toBe(-compareMoney(y, x) + 0);
      }),
    );
  });

  it("sums nothing to zero", () => {
    expect(sumMoney("EUR", [])).toEqual(zeroMoney("EUR"));
  });
});

describe("percentOf", () => {
  it.each([
    [5n, 1000, 0n], // 0.5 -> 0
    [15n, 1000, 2n], // 1.5 -> 2
    [25n, 1000, 2n], // 2.5 -> 2
    [35n, 1000, 4n], // 3.5 -> 4
    [-15n, 1000, -2n],
    [-25n, 1000, -2n],
    [26n, 1000, 3n],
    [1999n, 1900, 380n], // 379.81
    [1999n, 10_000, 1999n],
    [1999n, 0, 0n],
  ])("%d minor units at %d basis points are %d: half goes to even", (amount, basisPoints, expected) => {
    expect(percentOf(money("EUR", amount), basisPoints).minor).toBe(expected);
  });

  it("is never more than half a unit off, and mirrors for negative amounts", () => {
    fc.assert(
      fc.property(minor, fc.integer({ min: 0, max: 20_000 }), (amount, basisPoints) => {
        const rounded = percentOf(money("EUR", amount), basisPoints).minor;
        const off = amount * BigInt(basisPoints) - rounded * 10_000n;
        expect(off <= 5000n && off >= -5000n).toBe(true);
        expect(percentOf(money("EUR", -amount), basisPoints).minor).toBe(-rounded);
      }),
    );
  });

  it("does not drift: halves over all amounts cancel out", () => {
    const drift = Array.from({ length: 2000 }, (_, index) => {
      const exactTimesTwo = BigInt(index);
      return 2n * percentOf(money("EUR", BigInt(index)), 5000).minor - exactTimesTwo;
    }).reduce((sum, off) => sum + off, 0n);
    expect(drift).toBe(0n);
  });
});

describe("allocateMoney", () => {
  const weights = fc
    .array(fc.bigInt({ min: 0n, max: 10n ** 12n }), { minLength: 1, maxLength: 50 })
    .filter((list) => list.some((weight) => weight > 0n));

  it("loses and makes no unit, and no share is a whole unit off its exact part", () => {
    fc.assert(
      fc.property(minor, weights, (amount, list) => {
        const parts = allocateMoney(money("EUR", amount), list);
        const total = list.reduce((sum, weight) => sum + weight, 0n);
        expect(sumMoney("EUR", parts).minor).toBe(amount);
        parts.forEach((part, index) => {
          const off = part.minor * total - amount * (list[index] ?? 0n);
          expect(off < total && off > -total).toBe(true);
        });
      }),
    );
  });

  it("gives nothing to weight zero", () => {
    fc.assert(
      fc.property(minor, weights, (amount, list) => {
        const [first] = allocateMoney(money("EUR", amount), [0n, ...list]);
        expect(first?.minor).toBe(0n);
      }),
    );
  });

  it("gives the rest to the largest remainders, ties to the first", () => {
    expect(allocateMoney(money("EUR", 100n), [1, 1, 1]).map((part) => part.minor)).toEqual([34n, 33n, 33n]);
    expect(allocateMoney(money("EUR", 10n), [1, 2, 4]).map((part) => part.minor)).toEqual([1n, 3n, 6n]);
    expect(allocateMoney(money("EUR", -100n), [1, 1, 1]).map((part) => part.minor)).toEqual([-34n, -33n, -33n]);
  });

  it.each([[[]], [[0, 0]], [[1, -1, 5]]])("refuses the weights %j", (list) => {
    expect(codeOf(() => allocateMoney(money("EUR", 1n), list))).toBe("money.weights_invalid");
  });
});
