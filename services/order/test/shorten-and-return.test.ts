import { money, newId, sumMoney } from "@tandem/kernel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cancelOrder,
  completeOrder,
  confirmOrder,
  deliverOrder,
  eraseOrder,
  isFinished,
  lineTotal,
  type Order,
  type OrderLine,
  placeOrder,
  shipOrder,
} from "../src/model/order.ts";
import { receiveReturn, refundReturn, requestReturn, returnOf } from "../src/model/order-return.ts";
import { shortenOrder } from "../src/model/shorten-order.ts";
import { address } from "./harness.ts";

const now = new Date("2026-11-21T10:00:00Z");
const sellerId = newId();

const lineOf = (quantity: number, unit: bigint, off: number, taxRate: number): OrderLine => {
  const subtotal = unit * BigInt(quantity);
  const discount = (subtotal * BigInt(off)) / 100n;
  return {
    lineId: newId(),
    productId: newId(),
    sellerId,
    sku: "MUG",
    name: "Mug",
    quantity,
    unitPrice: money("EUR", unit),
    discount: money("EUR", discount),
    tax: money("EUR", ((subtotal - discount) * BigInt(taxRate)) / 100n),
    taxRateBasisPoints: taxRate * 100,
  };
};
const lines = fc.array(
  fc
    .tuple(
      fc.integer({ min: 1, max: 30 }),
      fc.bigInt(1n, 9_999n),
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 0, max: 25 }),
    )
    .map(([quantity, unit, off, tax]) => lineOf(quantity, unit, off, tax)),
  { minLength: 1, maxLength: 5 },
);
const orderOf = (content: readonly OrderLine[]): Order =>
  placeOrder(
    {
      id: newId(),
      customerId: newId(),
      currency: "EUR",
      lines: content,
      paymentMethod: { kind: "COD" },
      shippingAddress: { line2: "", region: "", phone: "", ...address },
      notes: "ring twice",
      voucherCode: "",
      cartId: "",
      quoteId: "",
      reservationExpiresAt: now,
    },
    now,
  );
const completed = (content: readonly OrderLine[]) =>
  completeOrder(deliverOrder(shipOrder(confirmOrder(orderOf(content), "", now), now), now), now);

describe("an order that shrinks", () => {
  it("keeps totals that are the sum of its lines, never negative, whatever is missing", () => {
    fc.assert(
      fc.property(
        lines,
        fc.array(fc.tuple(fc.nat(4), fc.integer({ min: 1, max: 40 })), { maxLength: 8 }),
        (content, missing) => {
          let order = orderOf(content);
          let taken = 0;
          for (const [at, quantity] of missing) {
            const productId = content[at % content.length]?.productId ?? "";
            const next = shortenOrder(order, [{ productId, quantity, backOnShelf: false }], now);
            taken += next.taken.reduce((sum, one) => sum + one.quantity, 0);
            expect(next.taken.length === 0).toBe(next.order === order);
            order = next.order;
          }
          const { subtotal, discount, tax, total } = order.totals;
          expect(total).toEqual(sumMoney("EUR", order.lines.map(lineTotal)));
          expect(total.minor).toBe(subtotal.minor - discount.minor + tax.minor);
          for (const line of order.lines) {
            expect(lineTotal(line).minor >= 0n && line.discount.minor >= 0n && line.tax.minor >= 0n).toBe(true);
          }
          const all = content.reduce((sum, { quantity }) => sum + quantity, 0);
          expect(order.lines.reduce((sum, { quantity, shortQuantity = 0 }) => sum + quantity + shortQuantity, 0)).toBe(
            all,
          );
          expect(order.lines.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(all - taken);
        },
      ),
    );
  });

  it("of everything, costs nothing", () => {
    const order = orderOf([lineOf(3, 333n, 10, 19)]);
    const all = order.lines.map(({ productId, quantity }) => ({ productId, quantity, backOnShelf: true }));
    expect(shortenOrder(order, all, now).order.totals.total.minor).toBe(0n);
  });

  it("does not know what it never had", () => {
    const order = orderOf([lineOf(1, 1n, 0, 0)]);
    expect(shortenOrder(order, [{ productId: newId(), quantity: 1, backOnShelf: true }], now)).toEqual({
      order,
      taken: [],
    });
  });
});

describe("returns", () => {
  it("piece by piece add up to what was paid, to the cent", () => {
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 7 }), (content, atOnce) => {
        let order = completed(content);
        for (const { productId, quantity } of content) {
          for (let left = quantity; left > 0; left -= atOnce) {
            const wanted = [{ productId, quantity: Math.min(left, atOnce) }];
            order = requestReturn(order, { id: newId(), lines: wanted, reason: "" }, now);
          }
        }
        expect(
          sumMoney(
            "EUR",
            order.returns.map(({ refund }) => refund),
          ),
        ).toEqual(order.totals.total);
        for (const { id } of order.returns) order = refundReturn(receiveReturn(order, id, now), id, now);
        expect(order.status).toBe("RETURNED");
      }),
    );
  });

  it("are received and paid back once; the money may be known of before the goods", () => {
    const content = [lineOf(2, 100n, 0, 0)];
    const opened = requestReturn(
      completed(content),
      { id: newId(), lines: [{ productId: content[0]?.productId ?? "", quantity: 1 }], reason: "" },
      now,
    );
    const id = opened.returns[0]?.id ?? "";
    const paid = refundReturn(opened, id, now);
    expect(returnOf(paid, id)).toMatchObject({ status: "REFUNDED", receivedAt: now });
    expect(refundReturn(paid, id, now)).toBe(paid);
    expect(receiveReturn(paid, id, now)).toBe(paid);
    expect(paid.status).toBe("COMPLETED");
  });
});

describe("forgetting a person", () => {
  it("waits for the end of the order and of its returns, keeps the country, and happens once", () => {
    const content = [lineOf(2, 100n, 0, 0)];
    const running = orderOf(content);
    expect(eraseOrder(running, now)).toBe(running);
    const opened = requestReturn(
      completed(content),
      { id: newId(), lines: [{ productId: content[0]?.productId ?? "", quantity: 1 }], reason: "" },
      now,
    );
    expect(isFinished(opened)).toBe(false);
    expect(eraseOrder(opened, now)).toBe(opened);
    const erased = eraseOrder(cancelOrder(running, "CUSTOMER_REQUEST", "moved to Rome", now), now);
    expect(erased).toMatchObject({ notes: "", shippingAddress: { recipient: "erased", countryCode: "DE" } });
    expect(JSON.stringify(erased.shippingAddress)).not.toContain("Linden");
    expect(erased.cancelNote).toBeUndefined();
    expect(eraseOrder(erased, now)).toBe(erased);
  });
});
