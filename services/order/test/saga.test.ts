import { newId } from "@tandem/kernel";
import { advance, begin, isEnded, type SagaInstance } from "@tandem/saga";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CheckoutEffect, CheckoutEvent } from "../src/model/checkout-events.ts";
import { type Checkout, makeCheckoutSaga } from "../src/saga/checkout-saga.ts";

const saga = makeCheckoutSaga();
const sellers = [newId(), newId()];
const at = new Date("2026-11-21T10:00:00Z");

const start = (paymentKind: "CARD" | "COD" = "CARD") =>
  begin(saga, newId(), { paymentKind, captured: false, sellers, delivered: [] }, at).instance;

/** Plays events, and the timer where the list says so. */
const play = (instance: SagaInstance<Checkout>, inputs: readonly (CheckoutEvent | "timer")[]) => {
  const effects: CheckoutEffect[] = [];
  let now = at;
  for (const input of inputs) {
    if (input === "timer") now = instance.deadlineAt ?? now;
    const next = advance(
      saga,
      instance,
      input === "timer"
        ? { kind: "timer", version: instance.version }
        : { kind: "event", id: newId(), event: input, source: "test" },
      now,
    );
    effects.push(...next.effects);
    instance = next.instance;
  }
  return { instance, effects: effects.map(({ type }) => type) };
};

const reserved: CheckoutEvent = { type: "stock_reserved", expiresAtMs: 0 };
const authorized: CheckoutEvent = { type: "payment_authorized", paymentId: "p" };
const captured: CheckoutEvent = { type: "payment_captured" };
const dispatched = sellers.map((sellerId): CheckoutEvent => ({ type: "shipment_dispatched", sellerId }));
const delivered = sellers.map((sellerId): CheckoutEvent => ({ type: "shipment_delivered", sellerId }));
const cancel: CheckoutEvent = { type: "cancel_requested", reason: "CUSTOMER_REQUEST", note: "" };
const released: CheckoutEvent = { type: "stock_released", cause: "ORDER_CANCELLED" };
const refunded: CheckoutEvent = { type: "payment_refunded" };

const [productA, productB] = [newId(), newId()];
const parcels = [
  { fulfillmentId: newId(), lines: [{ productId: productA, quantity: 2 }] },
  { fulfillmentId: newId(), lines: [{ productId: productB, quantity: 3 }] },
];
const startPieced = () =>
  begin(
    saga,
    newId(),
    {
      paymentKind: "CARD",
      captured: false,
      sellers,
      delivered: [],
      expected: parcels.flatMap(({ lines }) => lines),
    },
    at,
  ).instance;

describe("a checkout that knows its pieces", () => {
  const about = parcels.flatMap((parcel): CheckoutEvent[] => [
    { type: "shipment_delivered", sellerId: sellers[0] ?? "", parcel },
    { type: "fulfillment_cancelled", parcel, note: "x" },
    { type: "cancellation_refused", parcel },
    { type: "shipment_failed", cause: "LOST", parcel },
    {
      type: "fulfillment_short",
      parcel: { ...parcel, lines: parcel.lines.map(({ productId }) => ({ productId, quantity: 1 })) },
    },
  ]);

  it("ends whole whatever is said about parcels, and takes no piece out of the order twice", () => {
    const event = fc.constantFrom<CheckoutEvent | "timer">(
      captured,
      cancel,
      released,
      refunded,
      { type: "part_refunded" },
      { type: "cancellation_overdue" },
      { type: "fulfillment_packed" },
      ...dispatched,
      ...about,
      ...about,
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (inputs) => {
        let instance = startPieced();
        const effects: CheckoutEffect[] = [];
        let now = at;
        for (const input of [reserved, authorized, ...inputs, ...Array<"timer">(60).fill("timer")]) {
          if (input === "timer") now = instance.deadlineAt ?? now;
          const next = advance(
            saga,
            instance,
            input === "timer"
              ? { kind: "timer", version: instance.version }
              : { kind: "event", id: newId(), event: input, source: "test" },
            now,
          );
          effects.push(...next.effects);
          instance = next.instance;
        }
        expect(isEnded(instance.status) || instance.status === "parked").toBe(true);
        const times = (effect: CheckoutEffect["type"]) => effects.filter(({ type }) => type === effect).length;
        for (const once of ["confirm_order", "ship_order", "deliver_order", "mark_paid", "cancel_order"] as const) {
          expect(times(once)).toBeLessThanOrEqual(1);
        }
        expect(times("complete_order") + times("cancel_order")).toBeLessThanOrEqual(1);
        const taken = effects.flatMap((effect) => (effect.type === "shorten_order" ? effect.shortfalls : []));
        for (const { productId, quantity } of parcels.flatMap(({ lines }) => lines)) {
          const sum = taken.filter((one) => one.productId === productId).reduce((all, one) => all + one.quantity, 0);
          expect(sum).toBeLessThanOrEqual(quantity);
        }
        // Shrunk to nothing means cancelled, never delivered.
        const left = parcels.flatMap(({ lines }) => lines).reduce((all, one) => all + one.quantity, 0);
        if (times("deliver_order") > 0) expect(taken.reduce((all, one) => all + one.quantity, 0)).toBeLessThan(left);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("a checkout", () => {
  it("completes when stock, money and every seller's parcel are there", () => {
    const { instance, effects } = play(start(), [reserved, authorized, ...dispatched, captured, ...delivered]);
    expect(instance.status).toBe("completed");
    expect(effects).toEqual([
      "request_payment",
      "confirm_order",
      "ship_order",
      "mark_paid",
      "deliver_order",
      "complete_order",
    ]);
  });

  it("waits for the last parcel", () => {
    const [first] = delivered;
    const { instance } = play(start(), [reserved, authorized, ...dispatched, captured, first as CheckoutEvent]);
    expect(instance.state).toBe("awaiting_delivery");
  });

  it("collects cash at the door", () => {
    const cod = play(start("COD"), [reserved, authorized, { type: "cod_confirmed" }, ...dispatched, ...delivered]);
    expect(cod.instance.state).toBe("awaiting_capture");
    expect(play(cod.instance, [captured]).instance.status).toBe("completed");
  });

  it("cancels at once when stock is short, with nothing to take back", () => {
    const { instance, effects } = play(start(), [{ type: "stock_rejected" }]);
    expect(instance.status).toBe("compensated");
    expect(effects).toEqual(["cancel_order"]);
  });

  it("gives stock back when the card is declined", () => {
    const declined = play(start(), [reserved, { type: "payment_failed", code: "DECLINED" }]);
    expect(declined.instance.status).toBe("compensating");
    expect(play(declined.instance, [released]).instance.status).toBe("compensated");
  });

  it("waits for money and stock to be back, in whichever order they answer", () => {
    for (const answers of [
      [refunded, released],
      [released, refunded],
    ]) {
      const { instance, effects } = play(start(), [reserved, authorized, cancel, ...answers]);
      expect(instance.status).toBe("compensated");
      expect(effects.filter((effect) => effect === "cancel_order")).toHaveLength(1);
    }
  });

  it("asks again for what is not taken back in time, and in the end asks a person", () => {
    const { instance, effects } = play(start(), [reserved, authorized, cancel, ...Array<"timer">(40).fill("timer")]);
    expect(instance.status).toBe("parked");
    expect(effects.filter((effect) => effect === "repeat_cancellation").length).toBeGreaterThan(3);
  });

  it("cannot be cancelled once a parcel is on its way", () => {
    const { instance } = play(start(), [reserved, authorized, ...dispatched, cancel]);
    expect(instance.status).toBe("running");
  });

  it("ends whole whatever arrives in whatever order, how often and how late", () => {
    const event = fc.constantFrom<CheckoutEvent | "timer">(
      reserved,
      authorized,
      captured,
      cancel,
      released,
      refunded,
      "timer",
      { type: "stock_rejected" },
      { type: "stock_released", cause: "EXPIRED" },
      { type: "stock_released", cause: "REQUESTED" },
      { type: "payment_failed", code: "DECLINED" },
      { type: "capture_failed", code: "X" },
      { type: "refund_failed", code: "X" },
      { type: "cod_confirmed" },
      { type: "shipment_failed", cause: "LOST" },
      ...dispatched,
      ...delivered,
    );
    fc.assert(
      fc.property(
        fc.constantFrom("CARD" as const, "COD" as const),
        fc.array(event, { maxLength: 40 }),
        (kind, inputs) => {
          const first = play(start(kind), inputs);
          // Nothing waits for ever: timers alone bring every checkout to an end or to a person.
          const last = play(first.instance, Array<"timer">(60).fill("timer"));
          const effects = [...first.effects, ...last.effects];
          expect(isEnded(last.instance.status) || last.instance.status === "parked").toBe(true);
          const times = (effect: CheckoutEffect["type"]) => effects.filter((one) => one === effect).length;
          for (const once of [
            "confirm_order",
            "ship_order",
            "deliver_order",
            "mark_paid",
            "complete_order",
            "cancel_order",
          ] as const) {
            expect(times(once)).toBeLessThanOrEqual(1);
          }
          // Completed and cancelled exclude each other; completed means paid and delivered.
          expect(times("complete_order") + times("cancel_order")).toBeLessThanOrEqual(1);
          if (last.instance.status === "completed") {
            expect([times("mark_paid"), times("deliver_order"), times("complete_order")]).toEqual([1, 1, 1]);
          }
          if (last.instance.status === "compensated") expect(times("cancel_order")).toBe(1);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
