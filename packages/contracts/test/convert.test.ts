import { create } from "@bufbuild/protobuf";
import { isAppError, money } from "@tandem/kernel";
import { describe, expect, it } from "vitest";
import { MoneySchema } from "../src/common.ts";
import { moneyFromProto, moneyToProto } from "../src/convert-money.ts";
import { enumName } from "../src/index.ts";
import { OrderStatus } from "../src/order.ts";

const refusal = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return isAppError(error) ? error.code : error;
  }
  return undefined;
};

describe("money", () => {
  it("comes back from proto as it went in, to the ends of int64", () => {
    for (const minor of [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      const amount = money("EUR", minor);
      expect(moneyFromProto(moneyToProto(amount))).toEqual(amount);
    }
  });

  it("is refused when it is absent or has no currency: nothing is not zero", () => {
    expect(refusal(() => moneyFromProto(undefined))).toBe("money.currency_invalid");
    expect(refusal(() => moneyFromProto(create(MoneySchema, { amountMinor: 5n })))).toBe("money.currency_invalid");
  });
});

describe("enumName", () => {
  it("drops the prefix that proto asks for, and keeps a number that a newer version sent", () => {
    expect(enumName(OrderStatus, OrderStatus.CONFIRMED)).toBe("CONFIRMED");
    expect(enumName(OrderStatus, 99)).toBe("99");
  });
});
