import { money, newId } from "@tandem/kernel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checksumOf, encodeCode128 } from "../src/model/code-128.ts";
import type { OperationKind, OperationOutcome } from "../src/model/operation.ts";
import { chooseRate, type Rate, sortRates } from "../src/model/rate.ts";
import {
  applyOutcome,
  cancelShipment,
  followCancellation,
  handOver,
  isBusy,
  type NewShipment,
  openCancelled,
  openShipment,
  requestPickup,
  type Shipment,
  type ShipmentKind,
  type ShipmentStep,
  USUAL_HAND_OVER,
} from "../src/model/shipment.ts";
import { type TrackingEvent, type TrackingStatus, verdictOf } from "../src/model/tracking.ts";
import { decodeCode128 } from "./decode-code-128.ts";

const now = new Date("2026-11-21T10:00:00Z");

describe("Code 128", () => {
  // Widths as BWIPP (bwip-js 4.11.4) draws them.
  it.each([
    [
      "OX14175542906741DE",
      "2112141331213311211131411222311232213113211121332141211411222313111141311123131321133112222331112",
    ],
    ["A", "2112141113231311232331112"],
    ["12", "2112321122321222312331112"],
    ["1234", "2112321122321311231212412331112"],
    ["AB123456CD", "2112141113231311231131411122321311233311211141311313211123131311412331112"],
    ["x1234567", "2112144212111232211131413121311131231411221222132331112"],
    ["~ !z", "2112141311412122222221222141211133212331112"],
  ])("draws %s as others do", (text, widths) => {
    expect(encodeCode128(text).join("")).toBe(widths);
  });

  it("has the standard's check symbol: 54 for PJJ123C in set A", () => {
    expect(checksumOf([103, 48, 42, 42, 17, 18, 19, 35])).toBe(54);
  });

  it("can be read back, whatever is in it, and every symbol is eleven modules wide", () => {
    const ascii = fc.string({ unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)) });
    const digits = fc.stringMatching(/^[A-Z0-9]{1,24}$/);
    fc.assert(
      fc.property(fc.oneof(ascii, digits), (text) => {
        fc.pre(text.length > 0 && text.length <= 80);
        const widths = encodeCode128(text);
        expect(decodeCode128(widths)).toBe(text);
        expect((widths.reduce((sum, width) => sum + width, 0) - 13) % 11).toBe(0);
      }),
    );
  });

  it("takes digits two at a time", () => {
    expect(encodeCode128("00000000000000").length).toBeLessThan(encodeCode128("AAAAAAAAAAAAAA").length);
  });

  it.each(["", "é", "\n", "x".repeat(81)])("refuses %j", (text) => {
    expect(() => encodeCode128(text)).toThrow(TypeError);
  });
});

const rate = (carrier: string, minor: bigint, days: number): Rate => ({
  carrier,
  service: "s",
  price: money("EUR", minor),
  days,
});

describe("the choice of a carrier", () => {
  const rates = [rate("swift", 690n, 1), rate("ox", 390n, 3), rate("snail", 390n, 9)];
  it("is the cheapest, of two equally cheap ones the faster", () => {
    expect(chooseRate(rates, "STANDARD")?.carrier).toBe("ox");
    expect(sortRates(rates).map(({ carrier }) => carrier)).toEqual(["ox", "snail", "swift"]);
  });
  it("is the fastest for express, of two equally fast ones the cheaper", () => {
    expect(chooseRate([...rates, rate("hare", 900n, 1)], "EXPRESS")?.carrier).toBe("swift");
  });
  it("leaves out who has refused, and may end with nobody", () => {
    expect(chooseRate(rates, "STANDARD", ["ox"])?.carrier).toBe("snail");
    expect(chooseRate(rates, "STANDARD", ["ox", "snail", "swift"])).toBeUndefined();
    expect(chooseRate([], "EXPRESS")).toBeUndefined();
  });
  it("does not depend on the order of the answers", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(rates, { minLength: 3 }), (shuffled) => {
        expect(chooseRate(shuffled, "STANDARD")?.carrier).toBe("ox");
      }),
    );
  });
});

const told = (...statuses: TrackingStatus[]): TrackingEvent[] =>
  statuses.map((status, n) => ({ status, text: "", place: "", at: new Date(now.getTime() + n * 1_000) }));

describe("a carrier's story", () => {
  it("is under way until an ending is in it", () => {
    expect(verdictOf([])).toEqual({ type: "under_way" });
    expect(verdictOf(told("BOOKED", "PICKED_UP", "IN_TRANSIT"))).toEqual({ type: "under_way" });
    expect(verdictOf(told("PICKED_UP", "DELIVERED"))).toMatchObject({ type: "delivered" });
    for (const status of ["LOST", "REFUSED", "UNDELIVERABLE"] as const)
      expect(verdictOf(told("PICKED_UP", status))).toMatchObject({ type: "failed", failure: status });
  });
  it("ends as it ended last: what was lost may turn up, in whatever order it is told", () => {
    expect(verdictOf(told("LOST", "IN_TRANSIT", "DELIVERED").reverse())).toMatchObject({ type: "delivered" });
  });
});

const fresh = (kind: ShipmentKind = "FULFILLMENT"): NewShipment => {
  const address = {
    recipient: "Ada",
    line1: "1 St",
    line2: "",
    postalCode: "1",
    city: "B",
    region: "",
    countryCode: "DE",
    phone: "",
  };
  return {
    id: newId(),
    kind,
    orderId: newId(),
    sellerId: newId(),
    customerId: newId(),
    fulfillmentId: kind === "FULFILLMENT" ? newId() : null,
    returnId: kind === "RETURN" ? newId() : null,
    lines: [],
    sender: { ...address, recipient: "Depot" },
    recipient: address,
    weightGrams: 100,
    serviceLevel: "STANDARD",
    erased: false,
  };
};

const GOOD: Readonly<Record<OperationKind, OperationOutcome>> = {
  RATE: { type: "rated", rate: rate("ox", 390n, 3) },
  BOOK: { type: "booked", booking: { trackingNumber: "OX1", trackingUrl: "u", estimatedDeliveryAt: now } },
  LABEL: { type: "labelled", label: { routingCode: "DE" } },
  PICKUP: { type: "picked_up" },
  TRACK: { type: "tracked", events: told("PICKED_UP", "DELIVERED") },
  CANCEL: { type: "cancelled" },
};

/** Plays moves against the model, the way the use cases do: one operation at a time. */
const play = (input: NewShipment) => {
  const asked: OperationKind[] = [];
  const events: string[] = [];
  let open: OperationKind | undefined;
  let booked = 0;
  const take = (step: ShipmentStep): Shipment => {
    if (step.ask && step.ask !== open) {
      expect(open).toBeUndefined();
      open = step.ask;
      asked.push(step.ask);
    }
    events.push(...step.events.map(({ type }) => type));
    // Whoever changes a shipment knows from it alone whether an operation is under way.
    expect(isBusy(step.shipment)).toBe(open !== undefined);
    return step.shipment;
  };
  let shipment = take(openShipment(input, now));
  return {
    asked,
    events,
    get booked() {
      return booked;
    },
    get open() {
      return open;
    },
    get shipment() {
      return shipment;
    },
    change(apply: (before: Shipment, busy: boolean) => ShipmentStep) {
      const before = shipment;
      shipment = take(apply(before, open !== undefined));
      if (shipment !== before) expect(shipment.version).toBe(before.version + 1n);
    },
    answer(outcome: OperationOutcome) {
      if (!open) return;
      const kind = open;
      open = undefined;
      if (outcome.type === "booked") booked += 1;
      if (outcome.type === "cancelled") booked -= 1;
      shipment = take(applyOutcome(shipment, kind, outcome, now));
    },
    finish() {
      for (let n = 0; open && n < 50; n += 1) this.answer(GOOD[open]);
    },
  };
};

describe("a shipment, whatever happens in whatever order", () => {
  type Move = "hand over" | "fulfillment cancels" | "hand cancels" | "good" | "refused" | "lost" | "on the road";
  const moves = fc.array(
    fc.constantFrom<Move>(
      "hand over",
      "fulfillment cancels",
      "hand cancels",
      "good",
      "good",
      "refused",
      "lost",
      "on the road",
    ),
    { maxLength: 20 },
  );

  it("never leaves once cancelled, holds at most one booking, keeps none that is not needed, and announces each thing once", () => {
    fc.assert(
      fc.property(moves, fc.constantFrom<ShipmentKind>("FULFILLMENT", "RETURN", "EXTRA"), (script, kind) => {
        const game = play(fresh(kind));
        for (const move of script) {
          const { cancelledBy, handedOver, status } = game.shipment;
          if (move === "hand over" && kind === "FULFILLMENT")
            game.change((before, busy) => handOver(before, busy, now));
          if (move === "hand over" && kind === "EXTRA" && !cancelledBy && status !== "FAILED")
            game.change((before, busy) => requestPickup(before, busy, now));
          if (move === "fulfillment cancels" && kind === "FULFILLMENT")
            game.change((before, busy) => followCancellation(before, "", busy, now));
          if (move === "hand cancels" && !handedOver && !["FAILED", "DELIVERED", "CANCELLED"].includes(status))
            game.change((before, busy) => cancelShipment(before, "", busy, now));
          if (move === "good" && game.open) game.answer(GOOD[game.open]);
          if (move === "refused" && game.open && game.open !== "TRACK" && game.open !== "CANCEL")
            game.answer({ type: "refused", text: "no" });
          if (move === "lost" && game.open === "TRACK")
            game.answer({ type: "tracked", events: told("PICKED_UP", "LOST") });
          if (move === "on the road" && game.open === "TRACK")
            game.answer({ type: "tracked", events: told("PICKED_UP") });
          expect(game.booked).toBeLessThanOrEqual(1);
        }
        game.finish();
        const { shipment, asked, events } = game;
        if (shipment.cancelledBy) {
          expect(["CANCELLED", "FAILED"]).toContain(shipment.status);
          expect(game.booked === 0 || script.includes("refused")).toBe(true);
          expect(events).not.toContain("shipment.dispatched");
        }
        expect(new Set(events).size).toBe(events.length);
        expect(asked.filter((one) => one === "PICKUP").length).toBeLessThanOrEqual(1);
        if (kind === "EXTRA") expect(events).toEqual([]);
        if (kind === "RETURN")
          for (const one of events) expect(["shipment.created", "shipment.returned"]).toContain(one);
        if (events.includes("shipment.delivered")) expect(events).not.toContain("shipment.failed");
      }),
      { numRuns: 500 },
    );
  });

  it("waits with its label until it is handed over, and goes at once when that was said before", () => {
    const waiting = play(fresh());
    waiting.finish();
    expect(waiting.shipment.status).toBe("LABELLED");
    waiting.change((before, busy) => handOver(before, busy, now));
    waiting.finish();
    expect(waiting.shipment.status).toBe("DELIVERED");
    expect(play({ ...fresh(), handedOver: true }).shipment.handedOver).toBe(true);
  });

  it("looks for another carrier when one refuses at the counter, and is undeliverable when none is left", () => {
    const game = play(fresh());
    game.answer(GOOD.RATE);
    game.answer({ type: "refused", text: "too large" });
    expect(game.asked).toEqual(["RATE", "BOOK", "RATE"]);
    expect(game.shipment.refusedBy).toEqual(["ox"]);
    game.answer({ type: "refused", text: "nobody" });
    expect(game.shipment).toMatchObject({ status: "FAILED", failure: "UNDELIVERABLE", reason: "nobody" });
    expect(game.events).toEqual(["shipment.failed"]);
  });

  it("tells its fulfillment when a person called it off, not when the fulfillment did", () => {
    const byHand = play(fresh());
    byHand.change((before, busy) => cancelShipment(before, "broken", busy, now));
    byHand.finish();
    expect(byHand.events).toEqual(["shipment.failed"]);
    const followed = play(fresh());
    followed.change((before, busy) => followCancellation(before, "", busy, now));
    followed.finish();
    expect(followed.events).toEqual([]);
    expect(followed.asked).toEqual(["RATE"]);
  });

  it("ends cancelled also when the carrier says that it is too late to call it off", () => {
    const game = play(fresh());
    game.finish();
    game.change((before, busy) => cancelShipment(before, "", busy, now));
    expect(game.open).toBe("CANCEL");
    game.answer({ type: "refused", text: "too late" });
    expect(game.shipment.status).toBe("CANCELLED");
  });

  it("forgets its person at its end, not before; a return forgets the sender", () => {
    for (const kind of ["FULFILLMENT", "RETURN"] as const) {
      const game = play({ ...fresh(kind), erased: true, handedOver: true });
      game.answer(GOOD.RATE);
      expect(game.shipment.recipient.recipient).not.toBe("");
      game.finish();
      const [person, depot] =
        kind === "RETURN"
          ? [game.shipment.sender, game.shipment.recipient]
          : [game.shipment.recipient, game.shipment.sender];
      expect(person).toMatchObject({ recipient: "", line1: "", postalCode: "", countryCode: "DE" });
      expect(depot.recipient).not.toBe("");
    }
    expect(openCancelled({ ...fresh(), erased: true }, "", now).shipment.recipient.recipient).toBe("");
  });

  it("is usually handed over when it has its label and nothing else happened: that step needs no look", () => {
    const labelled: Shipment = { ...openShipment(fresh(), now).shipment, status: USUAL_HAND_OVER.from, carrier: "ox" };
    const later = new Date(now.getTime() + 5);
    const { shipment, ask, events } = handOver(labelled, isBusy(labelled), later);
    expect(shipment).toEqual({ ...labelled, handedOver: true, updatedAt: later, version: labelled.version + 1n });
    expect([ask, events]).toEqual([USUAL_HAND_OVER.ask, []]);
  });

  it("refuses what makes no sense", () => {
    const parcel = play(fresh());
    expect(() => requestPickup(parcel.shipment, false, now)).toThrow("Only extra parcels");
    parcel.change((before, busy) => handOver(before, busy, now));
    expect(() => cancelShipment(parcel.shipment, "", false, now)).toThrow("on its way");
    const extra = play(fresh("EXTRA"));
    extra.change((before, busy) => cancelShipment(before, "", busy, now));
    expect(() => requestPickup(extra.shipment, false, now)).toThrow("cannot be picked up");
    const failed = { ...parcel.shipment, status: "FAILED" as const, handedOver: false };
    expect(() => cancelShipment(failed, "", false, now)).toThrow("cannot be cancelled");
  });
});
