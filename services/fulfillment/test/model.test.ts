import { newId } from "@tandem/kernel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cancelFulfillment,
  confirmPick,
  type Fulfillment,
  type FulfillmentLine,
  flagFulfillment,
  handOver,
  type Missing,
  openFulfillment,
  pack,
  startPicking,
} from "../src/model/fulfillment.ts";

const now = new Date("2026-11-21T10:00:00Z");
const later = new Date("2026-11-21T11:00:00Z");
const address = {
  recipient: "Ada Park",
  line1: "Lindenstrasse 12",
  line2: "",
  postalCode: "10969",
  city: "Berlin",
  region: "",
  countryCode: "DE",
  phone: "",
};
const line = (quantity: number): FulfillmentLine => ({
  productId: newId(),
  sku: "MUG",
  name: "Mug",
  quantity,
  picked: 0,
  short: 0,
});
const opened = (lines: readonly FulfillmentLine[] = [line(2), line(3)]): Fulfillment =>
  openFulfillment(
    {
      id: newId(),
      orderId: newId(),
      sellerId: newId(),
      customerId: newId(),
      warehouseCode: "MAIN",
      part: 1,
      lines,
      shippingAddress: address,
      traceparent: null,
    },
    now,
  );
const picking = (picked: readonly number[], lines?: readonly FulfillmentLine[]) => {
  const started = startPicking(opened(lines), now);
  return confirmPick(
    started,
    started.lines.map(({ productId }, at) => ({ productId, picked: picked[at] ?? 0 })),
    now,
  );
};
const next = () => ({ id: newId(), part: 2 });
const weighed = (missing?: Missing) => ({ weightGrams: 500, missing });
const failsWith = (code: string) => expect.objectContaining({ code });

describe("picking", () => {
  it("starts once; the last word about a product counts", () => {
    const started = startPicking(opened(), now);
    expect(startPicking(started, later)).toBe(started);
    const [first] = started.lines;
    const pick = (picked: number) => [{ productId: first?.productId ?? "", picked }];
    const once = confirmPick(started, pick(1), later);
    expect(confirmPick(once, pick(1), later)).toBe(once);
    expect(confirmPick(once, pick(2), later).lines[0]?.picked).toBe(2);
  });

  it("refuses unknown products, more than is to be sent, and what is not being picked", () => {
    const started = startPicking(opened(), now);
    const [first] = started.lines;
    expect(() => confirmPick(started, [{ productId: newId(), picked: 1 }], now)).toThrow(
      failsWith("fulfillment.line_unknown"),
    );
    expect(() => confirmPick(started, [{ productId: first?.productId ?? "", picked: 3 }], now)).toThrow(
      failsWith("fulfillment.picked_too_many"),
    );
    expect(() => confirmPick(opened(), [], now)).toThrow(failsWith("fulfillment.transition_invalid"));
  });
});

describe("packing", () => {
  it("closes a whole parcel without further questions, and once", () => {
    const { fulfillment, rest } = pack(picking([2, 3]), weighed(), next(), later);
    expect(fulfillment).toMatchObject({ status: "PACKED", weightGrams: 500, moreParts: false, statusSince: later });
    expect(rest).toBeUndefined();
    expect(pack(fulfillment, weighed(), next(), later).fulfillment).toBe(fulfillment);
  });

  it("asks what becomes of missing pieces", () => {
    expect(() => pack(picking([2, 1]), weighed(), next(), now)).toThrow(failsWith("fulfillment.pieces_missing"));
  });

  it("sends no empty parcel: the pieces wait together, or the whole is cancelled", () => {
    expect(() => pack(picking([0, 0]), weighed("BACKORDER"), next(), now)).toThrow(
      failsWith("fulfillment.nothing_picked"),
    );
    const { fulfillment } = pack(picking([0, 0]), weighed("SHORT"), next(), now);
    expect(fulfillment).toMatchObject({ status: "CANCELLED", lines: [{ short: 2 }, { short: 3 }] });
  });

  it("is refused for what was not picked, or is cancelled", () => {
    expect(() => pack(opened(), weighed(), next(), now)).toThrow(failsWith("fulfillment.transition_invalid"));
    expect(() => pack(cancelFulfillment(opened(), "", now), weighed(), next(), now)).toThrow(
      failsWith("fulfillment.transition_invalid"),
    );
  });

  it("loses no piece: what was to be sent is in the parcel, in the next part, or short", () => {
    const pieces = fc.array(
      fc
        .integer({ min: 1, max: 9 })
        .chain((quantity) => fc.tuple(fc.constant(quantity), fc.integer({ min: 0, max: quantity }))),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(pieces, fc.constantFrom<Missing>("BACKORDER", "SHORT"), (wanted, missing) => {
        const lines = wanted.map(([quantity]) => line(quantity));
        const picked = wanted.map(([, found]) => found);
        if (missing === "BACKORDER" && picked.every((found) => found === 0)) return;
        const { fulfillment, rest } = pack(picking(picked, lines), weighed(missing), next(), now);
        for (const { productId, quantity } of lines) {
          const here = fulfillment.lines.find((one) => one.productId === productId);
          const there = rest?.lines.find((one) => one.productId === productId);
          const sent = (here?.quantity ?? 0) - (here?.short ?? 0);
          expect(sent + (here?.short ?? 0) + (there?.quantity ?? 0)).toBe(quantity);
          if (fulfillment.status === "PACKED") expect(sent).toBe(here?.picked ?? 0);
        }
        expect([...fulfillment.lines, ...(rest?.lines ?? [])].every(({ quantity }) => quantity > 0)).toBe(true);
        if (rest) expect(rest).toMatchObject({ part: 2, status: "PENDING", version: 1n });
      }),
    );
  });
});

describe("handing over and cancelling", () => {
  const packed = () => pack(picking([2, 3]), weighed(), next(), now).fulfillment;

  it("exclude each other", () => {
    const handed = handOver(packed(), now);
    expect(handOver(handed, later)).toBe(handed);
    expect(() => cancelFulfillment(handed, "", now)).toThrow(failsWith("fulfillment.already_handed_over"));
    const held = cancelFulfillment(packed(), "", now);
    expect(cancelFulfillment(held, "again", later)).toBe(held);
    expect(() => handOver(held, now)).toThrow(failsWith("fulfillment.transition_invalid"));
  });

  it("a flag is set once and goes when the status changes", () => {
    const flagged = flagFulfillment(packed(), later);
    expect(flagFulfillment(flagged, now)).toBe(flagged);
    expect(handOver(flagged, later).flaggedAt).toBeNull();
  });
});
