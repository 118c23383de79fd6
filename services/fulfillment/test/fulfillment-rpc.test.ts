import { OrderConfirmedSchema } from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import type { Authorization } from "@tandem/testkit/tokens";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fulfillmentsOf, type Harness, orderEvent, type Piece, startHarness } from "./harness.ts";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness[Symbol.asyncDispose]());

const open = async (pieces: readonly Piece[]) => {
  const event = orderEvent(pieces);
  await harness.deliver(OrderConfirmedSchema, event);
  return { orderId: event.orderId, fulfillments: await fulfillmentsOf(harness, event.orderId) };
};
const one = async (piece: Partial<Piece> = {}) => {
  const sellerId = piece.sellerId ?? newId();
  const { orderId, fulfillments } = await open([{ ...piece, sellerId }]);
  const id = fulfillments[0]?.id ?? "";
  const productId = fulfillments[0]?.lines[0]?.productId ?? "";
  const as = harness.tokens.seller(sellerId);
  const call = (verb: string, body: unknown = {}, who: Promise<Authorization> = as) =>
    harness.http(`/fulfillments/${id}/${verb}`, { method: "POST", as: who, body });
  return { id, orderId, sellerId, productId, as, call };
};
const staff = () => harness.tokens.as("staff");

describe("a seller's work", () => {
  it("goes from picking to the carrier, each step once", async () => {
    const { id, productId, as, call } = await one();
    for (const n of [1, 2]) {
      expect((await call("start-picking")).json.data, `${n}`).toMatchObject({ status: "FULFILLMENT_STATUS_PICKING" });
    }
    await call("confirm-pick", { lines: [{ productId, picked: 2 }] });
    for (const _ of [1, 2]) expect((await call("pack", { weightGrams: 700 })).status).toBe(200);
    for (const _ of [1, 2]) expect((await call("hand-over")).status).toBe(200);
    expect((await harness.http(`/fulfillments/${id}`, { as })).json.data).toMatchObject({
      status: "FULFILLMENT_STATUS_HANDED_OVER",
      weightGrams: 700,
      lines: [{ quantity: 2, picked: 2 }],
    });
    expect((await harness.events(id)).map(({ data }) => data["status"])).toEqual(
      ["PENDING", "PICKING", "PACKED", "HANDED_OVER"].map((name) => `FULFILLMENT_STATUS_${name}`),
    );
  });

  it("leaves missing pieces to a part of their own, which is worked on the same way", async () => {
    const { orderId, productId, call } = await one({ quantity: 5 });
    await call("start-picking");
    await call("confirm-pick", { lines: [{ productId, picked: 3 }] });
    expect((await call("pack")).json.error).toBe("fulfillment.pieces_missing");
    expect((await call("pack", { missing: "MISSING_PIECES_BACKORDER" })).json.data).toMatchObject({ moreParts: true });
    const parts = await fulfillmentsOf(harness, orderId);
    expect(parts).toMatchObject([
      { part: 1, status: "PACKED", lines: [{ quantity: 3 }] },
      { part: 2, status: "PENDING", lines: [{ quantity: 2, picked: 0 }] },
    ]);
    expect((await harness.events(parts[1]?.id ?? "")).map(({ data }) => data["fulfillment"])).toMatchObject([
      { part: 2, lines: [{ quantity: 2 }] },
    ]);
  });

  it("declares pieces short, and with nothing found cancels", async () => {
    const found = await one({ quantity: 2 });
    await found.call("start-picking");
    await found.call("confirm-pick", { lines: [{ productId: found.productId, picked: 1 }] });
    expect((await found.call("pack", { missing: "MISSING_PIECES_SHORT" })).json.data).toMatchObject({
      status: "FULFILLMENT_STATUS_PACKED",
      lines: [{ quantity: 2, picked: 1, short: 1 }],
    });
    const nothing = await one();
    await nothing.call("start-picking");
    expect((await nothing.call("pack", { missing: "MISSING_PIECES_BACKORDER" })).json.error).toBe(
      "fulfillment.nothing_picked",
    );
    expect((await nothing.call("pack", { missing: "MISSING_PIECES_SHORT" })).json.data.status).toBe(
      "FULFILLMENT_STATUS_CANCELLED",
    );
  });

  it("cancels before the carrier has it, with a reason, and not after", async () => {
    const early = await one();
    expect((await early.call("cancel", { reason: "broken" })).json.data).toMatchObject({
      status: "FULFILLMENT_STATUS_CANCELLED",
      reason: "broken",
    });
    const late = await one();
    await harness.database.query("update fulfillment set status = 'PACKED' where id = $1", [late.id]);
    await late.call("hand-over");
    expect((await late.call("cancel")).json.error).toBe("fulfillment.already_handed_over");
  });
});

describe("lists", () => {
  it("go by status, order, seller and warehouse, by cursor and by offset", async () => {
    const sellerId = newId();
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      harness.clock.advance(1_000);
      ids.unshift((await one({ sellerId })).id);
    }
    const as = harness.tokens.seller(sellerId);
    const list = async (query: string, who: Promise<Authorization> = as) => {
      const { json } = await harness.http(`/fulfillments?${query}`, { as: who });
      const found = (json.data.fulfillments ?? []) as { fulfillmentId: string }[];
      return { ids: found.map(({ fulfillmentId }) => fulfillmentId), page: json.data.page };
    };
    const first = await list("page.limit=2");
    expect(first.ids).toEqual(ids.slice(0, 2));
    expect((await list(`page.limit=2&page.cursor=${first.page.nextCursor}`)).ids).toEqual(ids.slice(2));
    expect(await list("page.offset=1&page.limit=1")).toMatchObject({ ids: [ids[1]], page: { total: "3" } });
    expect((await list("status=FULFILLMENT_STATUS_PACKED")).ids).toEqual([]);
    expect((await list("warehouseCode=MAIN")).ids).toEqual(ids);
    expect((await list("warehouseCode=OTHER")).ids).toEqual([]);
    expect((await list(`sellerId=${sellerId}`, staff())).ids).toEqual(ids);
    const { orderId, id } = await one({ sellerId });
    expect((await list(`orderId=${orderId}`)).ids).toEqual([id]);
  });
});

describe("whose it is", () => {
  it("shows and lets work on their own only: another seller's answers like an unknown one", async () => {
    const { id, call } = await one();
    const other = harness.tokens.seller(newId());
    const before = await harness.fingerprint();
    const unknown = await harness.http(`/fulfillments/${newId()}`, { as: other });
    expect(unknown).toMatchObject({ status: 404, json: { error: "fulfillment.not_found" } });
    expect((await harness.http(`/fulfillments/${id}`, { as: other })).json.error).toBe("fulfillment.not_found");
    for (const verb of ["start-picking", "pack", "hand-over", "cancel"]) {
      expect((await call(verb, {}, other)).json.error, verb).toBe("fulfillment.not_found");
    }
    const pick = { lines: [{ productId: newId(), picked: 1 }] };
    expect((await call("confirm-pick", pick, other)).json.error).toBe("fulfillment.not_found");
    expect((await harness.http(`/fulfillments?sellerId=${newId()}`, { as: other })).json.error).toBe("auth.not_owner");
    expect(await harness.fingerprint()).toEqual(before);
  });

  it("is open to staff, and closed to customers, strangers and operators who want to work", async () => {
    const { id, call } = await one();
    expect((await harness.http(`/fulfillments/${id}`, { as: staff() })).status).toBe(200);
    expect((await harness.http(`/fulfillments/${id}`, { as: harness.tokens.customer() })).status).toBe(403);
    expect((await harness.http(`/fulfillments/${id}`)).status).toBe(401);
    expect((await call("start-picking", {}, harness.tokens.as("operator"))).status).toBe(403);
    expect((await call("start-picking", {}, staff())).status).toBe(200);
  });
});

describe("hostile input", () => {
  it.each<[string, (its: { id: string; productId: string }) => { path: string; body?: unknown }]>([
    ["an id that is none", () => ({ path: "/fulfillments/1%27--/pack", body: {} })],
    [
      "a negative number of pieces",
      ({ id, productId }) => ({
        path: `/fulfillments/${id}/confirm-pick`,
        body: { lines: [{ productId, picked: -1 }] },
      }),
    ],
    ["no lines", ({ id }) => ({ path: `/fulfillments/${id}/confirm-pick`, body: { lines: [] } })],
    [
      "a product twice",
      ({ id, productId }) => ({
        path: `/fulfillments/${id}/confirm-pick`,
        body: { lines: [1, 2].map((picked) => ({ productId, picked })) },
      }),
    ],
    [
      "more pieces than are sent",
      ({ id, productId }) => ({
        path: `/fulfillments/${id}/confirm-pick`,
        body: { lines: [{ productId, picked: 3 }] },
      }),
    ],
    [
      "a product of another order",
      ({ id }) => ({
        path: `/fulfillments/${id}/confirm-pick`,
        body: { lines: [{ productId: newId(), picked: 1 }] },
      }),
    ],
    ["a negative weight", ({ id }) => ({ path: `/fulfillments/${id}/pack`, body: { weightGrams: -5 } })],
    ["a weight that is no number", ({ id }) => ({ path: `/fulfillments/${id}/pack`, body: { weightGrams: "heavy" } })],
    ["an unknown way for missing pieces", ({ id }) => ({ path: `/fulfillments/${id}/pack`, body: { missing: 99 } })],
    ["an unknown field", ({ id }) => ({ path: `/fulfillments/${id}/cancel`, body: { because: "x" } })],
    [
      "a reason that is too long",
      ({ id }) => ({ path: `/fulfillments/${id}/cancel`, body: { reason: "x".repeat(501) } }),
    ],
    ["no JSON", ({ id }) => ({ path: `/fulfillments/${id}/cancel`, body: "{" })],
  ])("%s is refused and changes nothing", async (_, make) => {
    const its = await one();
    await its.call("start-picking");
    const before = await harness.fingerprint();
    const { path, body } = make(its);
    const answer = await harness.http(path, { method: "POST", as: its.as, body });
    expect(answer.status, answer.text).toBe(400);
    expect(await harness.fingerprint()).toEqual(before);
  });

  it.each([
    "page.limit=-1",
    "page.limit=9999",
    "page.cursor=zzz",
    "status=99",
    "sellerId=x",
    "orderId=x",
    "warehouseCode=a%20b",
  ])("a list asked for with %s is refused", async (query) => {
    expect((await harness.http(`/fulfillments?${query}`, { as: staff() })).status).toBe(400);
  });

  it("a step out of turn is refused", async () => {
    const { call } = await one();
    for (const verb of ["pack", "hand-over"]) {
      expect((await call(verb)).json.error, verb).toBe("fulfillment.transition_invalid");
    }
  });
});
