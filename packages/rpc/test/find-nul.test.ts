import { create } from "@bufbuild/protobuf";
import { CreateOrderRequestSchema } from "@tandem/contracts/order";
import { expect, it } from "vitest";
import { findNul } from "../src/chain/find-nul.ts";

const nul = "a\u0000b";

it("names the field that holds U+0000, wherever it is", () => {
  const line = { productId: "p", quantity: 1 };
  expect(findNul(create(CreateOrderRequestSchema, { notes: "fine", lines: [line] }))).toBeUndefined();
  expect(findNul(create(CreateOrderRequestSchema, { notes: nul }))).toBe("notes");
  expect(findNul(create(CreateOrderRequestSchema, { shippingAddress: { city: nul } }))).toBe("shippingAddress.city");
  expect(findNul(create(CreateOrderRequestSchema, { lines: [line, { ...line, productId: nul }] }))).toBe(
    "lines[1].productId",
  );
  const method = { case: "card" as const, value: { token: nul } };
  expect(findNul(create(CreateOrderRequestSchema, { paymentMethod: { method } }))).toBe("paymentMethod.card.token");
});

it("looks into the keys and values of maps, and not into bytes", () => {
  expect(findNul({ attributes: { color: nul } })).toBe("attributes.color");
  expect(findNul({ attributes: { [nul]: "red" } })).toBe("attributes.ab");
  expect(findNul({ data: new Uint8Array([0]), at: 0n, none: undefined })).toBeUndefined();
});
