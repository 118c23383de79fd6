import { money, newId } from "@tandem/kernel";
import { type NewOrder, type Order, type OrderLine, placeOrder } from "../src/model/order.ts";

export const line = (over: Partial<OrderLine> = {}): OrderLine => ({
  lineId: newId(),
  productId: newId(),
  sellerId: newId(),
  sku: "LC-MUG",
  name: "Mug",
  quantity: 2,
  unitPrice: money("EUR", 1490n),
  discount: money("EUR", 0n),
  tax: money("EUR", 566n),
  taxRateBasisPoints: 1900,
  ...over,
});

export const newOrder = (over: Partial<NewOrder> = {}): NewOrder => ({
  id: newId(),
  customerId: newId(),
  currency: "EUR",
  lines: [line()],
  paymentMethod: { kind: "CARD", token: "tok_visa" },
  shippingAddress: {
    recipient: "Ada Park",
    line1: "Lindenstrasse 12",
    line2: "",
    postalCode: "10969",
    city: "Berlin",
    region: "",
    countryCode: "DE",
    phone: "",
  },
  notes: "",
  voucherCode: "",
  cartId: "",
  quoteId: newId(),
  reservationExpiresAt: new Date("2026-11-21T11:00:00Z"),
  ...over,
});

export const placed = (over: Partial<NewOrder> = {}, now = new Date("2026-11-21T10:00:00Z")): Order =>
  placeOrder(newOrder(over), now);
