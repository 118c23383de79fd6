import { create } from "@bufbuild/protobuf";
import { CreateOrderRequestSchema } from "@tandem/contracts/order";
import { ReserveStockRequestSchema } from "@tandem/contracts/warehouse";
import { expect, it } from "vitest";
import { findUnstorable } from "../src/chain/find-unstorable.ts";

const fieldIn = (message: unknown) => findUnstorable(message)?.field;

const nul = "a\u0000b";

it("names the field that holds U+0000, wherever it is", () => {
  const line = { productId: "p", quantity: 1 };
  expect(fieldIn(create(CreateOrderRequestSchema, { notes: "fine", lines: [line] }))).toBeUndefined();
  expect(fieldIn(create(CreateOrderRequestSchema, { notes: nul }))).toBe("notes");
  expect(fieldIn(create(CreateOrderRequestSchema, { shippingAddress: { city: nul } }))).toBe("shippingAddress.city");
  expect(fieldIn(create(CreateOrderRequestSchema, { lines: [line, { ...line, productId: nul }] }))).toBe(
    "lines[1].productId",
  );
  const method = { case: "card" as const, value: { token: nul } };
  expect(fieldIn(create(CreateOrderRequestSchema, { paymentMethod: { method } }))).toBe("paymentMethod.card.token");
});

it("looks into the keys and values of maps, and not into bytes", () => {
  expect(fieldIn({ attributes: { color: nul } })).toBe("attributes.color");
  expect(fieldIn({ attributes: { [nul]: "red" } })).toBe("attributes.ab");
  expect(fieldIn({ data: new Uint8Array([0]), at: 0n, none: undefined })).toBeUndefined();
});

it("names a time outside of the calendar: binary protobuf carries what JSON refuses", () => {
  const until = (seconds: bigint, nanos = 0) =>
    findUnstorable(create(ReserveStockRequestSchema, { expiresAt: { seconds, nanos } }));
  for (const [seconds, nanos] of [[-62_135_596_800n], [253_402_300_799n, 999_999_999]] as const)
    expect(until(seconds, nanos)).toBeUndefined();
  for (const [seconds, nanos] of [
    [253_402_300_800n],
    [-62_135_596_801n],
    [2n ** 63n - 1n],
    [0n, -1],
    [0n, 1e9],
  ] as const)
    expect(until(seconds, nanos)).toMatchObject({ field: "expiresAt", rule: "timestamp.calendar" });
});
