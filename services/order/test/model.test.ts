import { money, newId } from "@tandem/kernel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closeCart, emptyCart, MAX_CART_ITEMS, putItem, removeItem } from "../src/model/cart.ts";
import {
  cancelOrder,
  completeOrder,
  confirmOrder,
  deliverOrder,
  editOrder,
  lineTotal,
  markPaid,
  shipOrder,
  totalsOf,
} from "../src/model/order.ts";
import { line, placed } from "./builders.ts";

const now = new Date("2026-11-21T10:05:00Z");

describe("an order", () => {
  it("has at least one item", () => {
    expect(() => placed({ lines: [] })).toThrow(expect.objectContaining({ code: "order.empty" }));
  });

  it("takes its total from its lines, whatever they are", () => {
    const amount = fc.bigInt({ min: 0n, max: 1_000_000n }).map((minor) => money("EUR", minor));
    const lines = fc.array(
      fc
        .record({ unitPrice: amount, tax: amount, quantity: fc.integer({ min: 1, max: 999 }) })
        .map((some) => line(some)),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(lines, (given) => {
        const { subtotal, discount, tax, total } = totalsOf("EUR", given);
        expect(total.minor).toBe(given.reduce((sum, one) => sum + lineTotal(one).minor, 0n));
        expect(total.minor).toBe(subtotal.minor - discount.minor + tax.minor);
      }),
    );
  });

  it("refuses a line in another currency", () => {
    const foreign = line({ unitPrice: money("USD", 1n) });
    expect(() => placed({ lines: [line(), foreign] })).toThrow(
      expect.objectContaining({ code: "money.currency_mismatch" }),
    );
  });

  it("goes PENDING, CONFIRMED, SHIPPED, DELIVERED, COMPLETED, and no other way", () => {
    const pending = placed();
    const confirmed = confirmOrder(pending, newId(), now);
    const shipped = shipOrder(confirmed, now);
    const delivered = deliverOrder(shipped, now);
    expect(completeOrder(delivered, now)).toMatchObject({ status: "COMPLETED", version: 5n });
    for (const jump of [
      () => shipOrder(pending, now),
      () => confirmOrder(shipped, "", now),
      () => completeOrder(shipped, now),
    ]) {
      expect(jump).toThrow(expect.objectContaining({ code: "state.transition_invalid" }));
    }
  });

  it("can be cancelled until it is at the door, once, and then not: on the way it may be lost", () => {
    const cancelled = cancelOrder(placed(), "CUSTOMER_REQUEST", "", now);
    expect(cancelOrder(cancelled, "STAFF_REQUEST", "", now)).toBe(cancelled);
    const shipped = shipOrder(confirmOrder(placed(), "", now), now);
    expect(cancelOrder(shipped, "DELIVERY_FAILED", "lost", now).status).toBe("CANCELLED");
    expect(() => cancelOrder(deliverOrder(shipped, now), "CUSTOMER_REQUEST", "", now)).toThrow(
      expect.objectContaining({ code: "order.already_shipped" }),
    );
  });

  it("forgets the card's token as soon as it is of no more use", () => {
    expect(confirmOrder(placed(), "", now).paymentMethod).toEqual({ kind: "CARD", token: "" });
    expect(cancelOrder(placed(), "TIMEOUT", "", now).paymentMethod).toEqual({ kind: "CARD", token: "" });
  });

  it("is paid once", () => {
    const paid = markPaid(placed(), now);
    expect(markPaid(paid, new Date())).toBe(paid);
  });

  it("is edited by its current version only, and only while pending", () => {
    const order = placed();
    expect(editOrder(order, { notes: "ring twice" }, 1n, now)).toMatchObject({ notes: "ring twice", version: 2n });
    expect(() => editOrder(order, { notes: "" }, 7n, now)).toThrow(
      expect.objectContaining({ code: "order.version_conflict", retryable: false }),
    );
    expect(() => editOrder(confirmOrder(order, "", now), { notes: "" }, undefined, now)).toThrow(
      expect.objectContaining({ code: "order.not_editable" }),
    );
  });
});

describe("a cart", () => {
  const item = (productId = newId(), quantity = 1) => ({ productId, quantity, sku: "", sellerId: "" });
  const cart = emptyCart(newId(), newId(), "EUR", now);

  it("sets quantities, so that the same call twice changes nothing", () => {
    const productId = newId();
    const once = putItem(cart, item(productId, 3), "EUR", now);
    expect(putItem(once, item(productId, 3), "EUR", now)).toBe(once);
    expect(putItem(once, item(productId, 4), "EUR", now).items).toEqual([item(productId, 4)]);
    expect(removeItem(once, newId(), now)).toBe(once);
    expect(removeItem(once, productId, now)).toMatchObject({ items: [], version: 2 });
  });

  it("is closed by its order, full at its limit, and of one currency", () => {
    const closed = closeCart(cart, newId(), now);
    expect(() => putItem(closed, item(), "EUR", now)).toThrow(expect.objectContaining({ code: "cart.checked_out" }));
    expect(() => removeItem(closed, newId(), now)).toThrow(expect.objectContaining({ code: "cart.checked_out" }));
    const full = Array.from({ length: MAX_CART_ITEMS }, () => item()).reduce(
      (some, one) => putItem(some, one, "EUR", now),
      cart,
    );
    expect(() => putItem(full, item(), "EUR", now)).toThrow(expect.objectContaining({ code: "cart.full" }));
    expect(() => putItem(cart, item(), "USD", now)).toThrow(
      expect.objectContaining({ code: "cart.currency_mismatch" }),
    );
  });
});
