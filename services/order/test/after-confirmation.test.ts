import { CustomerChange, CustomerUpdatedSchema } from "@tandem/contracts/customer";
import { FulfillmentStatus, FulfillmentStatusChangedSchema } from "@tandem/contracts/fulfillment";
import { PaymentAuthorizedSchema, PaymentCapturedSchema, PaymentRefundedSchema } from "@tandem/contracts/payment";
import {
  ShipmentDeliveredSchema,
  ShipmentDispatchedSchema,
  ShipmentFailedSchema,
  ShipmentFailure,
  ShipmentReturnedSchema,
} from "@tandem/contracts/shipping";
import { ReleaseReason, StockReleasedSchema, StockReservedSchema } from "@tandem/contracts/warehouse";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Article, type Harness, orderBody, startHarness } from "./harness.ts";

let order: Harness;
beforeAll(async () => {
  order = await startHarness();
});
afterAll(() => order[Symbol.asyncDispose]());

const occurredAt = { seconds: 1n };
const status = (name: string) => `ORDER_STATUS_${name}`;

interface Piece {
  readonly productId: string;
  readonly quantity: number;
  readonly short?: number;
}

/** One confirmed order of `articles`, two pieces each, and what the others can say about bought. */
const confirmed = async (articles: readonly Article[] = [order.sell(), order.sell()]) => {
  const customerId = newId();
  const as = order.tokens.customer(customerId);
  const placed = await order.http("/orders", { method: "POST", as, body: orderBody(articles) });
  const orderId = placed.json.data.orderId as string;
  const about = { orderId, aggregateVersion: 1n, occurredAt };
  const paymentId = newId();
  await order.deliver(StockReservedSchema, { ...about, reservationId: newId() });
  await order.deliver(PaymentAuthorizedSchema, {
    ...about,
    paymentId,
    amount: { currencyCode: "EUR", amountMinor: 1n },
  });
  const all = (article: Article | undefined): Piece[] => [{ productId: article?.productId ?? "", quantity: 2 }];
  const parcels = articles.map((article) => ({ id: newId(), sellerId: article.sellerId, lines: all(article) }));
  const parcelAt = (n: number) => parcels[n] ?? { id: "", sellerId: "", lines: [] };
  const fulfillment = (n: number, state: FulfillmentStatus, over: { refused?: boolean; lines?: Piece[] } = {}) => {
    const { id, sellerId, lines } = parcelAt(n);
    return order.deliver(FulfillmentStatusChangedSchema, {
      ...about,
      fulfillmentId: id,
      sellerId,
      status: state,
      fulfillment: { fulfillmentId: id, orderId, sellerId, lines: over.lines ?? lines },
      cancellationRefused: over.refused ?? false,
    });
  };
  const parcel = (n: number, lines = parcelAt(n).lines) => ({
    ...about,
    shipmentId: newId(),
    sellerId: parcelAt(n).sellerId,
    fulfillmentId: parcelAt(n).id,
    lines: lines.map(({ productId, quantity }) => ({ productId, quantity })),
  });
  return {
    orderId,
    customerId,
    as,
    articles,
    parcels,
    fulfillment,
    held: (n: number, lines?: Piece[]) => fulfillment(n, FulfillmentStatus.CANCELLED, lines ? { lines } : {}),
    refused: (n: number) => fulfillment(n, FulfillmentStatus.HANDED_OVER, { refused: true }),
    dispatched: (n: number) => order.deliver(ShipmentDispatchedSchema, parcel(n)),
    delivered: (n: number, lines?: Piece[]) => order.deliver(ShipmentDeliveredSchema, parcel(n, lines)),
    lost: (n: number) => order.deliver(ShipmentFailedSchema, { ...parcel(n), failure: ShipmentFailure.LOST }),
    captured: () =>
      order.deliver(PaymentCapturedSchema, { ...about, paymentId, amount: { currencyCode: "EUR", amountMinor: 1n } }),
    released: () =>
      order.deliver(StockReleasedSchema, {
        ...about,
        reservationId: newId(),
        reason: ReleaseReason.ORDER_CANCELLED,
      }),
    refunded: (reason = "order cancelled", refundId = newId()) =>
      order.deliver(PaymentRefundedSchema, {
        ...about,
        paymentId,
        refundId,
        reason,
        amount: { currencyCode: "EUR", amountMinor: 1n },
        totalRefunded: { currencyCode: "EUR", amountMinor: 1n },
      }),
    returned: (returnId: string) =>
      order.deliver(ShipmentReturnedSchema, { ...about, shipmentId: newId(), sellerId: newId(), returnId }),
    get: async () => (await order.http(`/orders/${orderId}`, { as })).json.data,
    cancel: () => order.http(`/orders/${orderId}/cancel`, { method: "POST", as, body: {} }),
    changes: async () =>
      (await order.events(orderId)).map(({ topic, data }) =>
        topic === "order.updated" ? String(data["change"]).replace("ORDER_CHANGE_", "") : topic,
      ),
    steps: async () =>
      (await order.http(`/orders/${orderId}/timeline`, { as })).json.data.entries.map(
        ({ step }: { step: string }) => step,
      ) as string[],
  };
};

describe("a confirmed order that is wanted back", () => {
  it("stays confirmed until fulfillment has answered, is asked for once, and says that it is asked for", async () => {
    const bought = await confirmed();
    const first = await bought.cancel();
    expect(first.json.data).toMatchObject({ status: status("CONFIRMED"), cancelRequestedAt: expect.any(String) });
    expect((await bought.cancel()).json.data.version).toBe(first.json.data.version);
    expect((await bought.changes()).filter((change) => change === "CANCEL_REQUESTED")).toHaveLength(1);
  });

  it("is cancelled when every parcel could be held back", async () => {
    const bought = await confirmed();
    await bought.cancel();
    await bought.held(0);
    expect((await bought.get()).status).toBe(status("CONFIRMED"));
    await bought.held(1);
    expect(await bought.get()).toMatchObject({
      status: status("CANCELLED"),
      cancellation: { reason: "CANCEL_REASON_CUSTOMER_REQUEST" },
    });
    expect(await bought.changes()).not.toContain("SHORTENED");
    await bought.refunded();
    await bought.released();
    expect((await order.http(`/orders/${bought.orderId}/timeline`, { as: bought.as })).json.data).toMatchObject({
      sagaState: "cancelled",
      final: true,
    });
  });

  it("goes on when every parcel had left: its status stays, and its timeline says refused", async () => {
    const bought = await confirmed();
    await bought.cancel();
    await bought.refused(0);
    await bought.refused(1);
    expect(await bought.get()).toMatchObject({
      status: status("CONFIRMED"),
      totals: { total: { amountMinor: "4000" } },
    });
    expect((await bought.get()).cancelRequestedAt).toBeUndefined();
    expect(await bought.steps()).toContain("cancellation.refused");
  });

  it.each([
    ["held first", [0, 1]],
    ["refused first", [1, 0]],
  ])("goes on without what was held back, %s", async (_, sequence) => {
    const bought = await confirmed();
    await bought.cancel();
    for (const n of sequence) await (n === 0 ? bought.held(0) : bought.refused(1));
    const now = await bought.get();
    expect(now).toMatchObject({ status: status("CONFIRMED"), totals: { total: { amountMinor: "2000" } } });
    expect(now.lines).toMatchObject([{ shortQuantity: 2 }, { quantity: 2 }]);
    const shortened = (await order.events(bought.orderId)).find(
      ({ data }) => data["change"] === "ORDER_CHANGE_SHORTENED",
    );
    expect(shortened?.data["shortened"]).toEqual([
      { productId: bought.articles[0]?.productId, quantity: 2, backOnShelf: true },
    ]);
    await bought.dispatched(1);
    await bought.captured();
    await bought.delivered(1);
    expect((await bought.get()).status).toBe(status("COMPLETED"));
  });

  it("answers `Prefer: wait` with the outcome", async () => {
    const bought = await confirmed([order.sell()]);
    const asking = order.http(`/orders/${bought.orderId}/cancel`, {
      method: "POST",
      as: bought.as,
      body: {},
      headers: { prefer: "wait=5" },
    });
    await expect.poll(async () => (await bought.get()).cancelRequestedAt).toBeDefined();
    await bought.held(0);
    expect((await asking).json.data.status).toBe(status("CANCELLED"));
  });

  it("is asked about again when fulfillment stays silent", async () => {
    const bought = await confirmed();
    await bought.cancel();
    expect(await order.runJob("order.cancel-retry")).toMatchObject({ asked: 0 });
    order.clock.advance(61_000);
    await order.runJob("order.cancel-retry");
    expect((await bought.changes()).filter((change) => change === "CANCEL_REQUESTED")).toHaveLength(2);
  });

  it("cannot be had any more once a parcel is on its way", async () => {
    const bought = await confirmed();
    await bought.dispatched(0);
    expect(await bought.cancel()).toMatchObject({ status: 409, json: { error: "order.already_shipped" } });
  });
});

describe("a parcel with less than was ordered", () => {
  it("shrinks the order by the missing pieces, which nobody can sell again", async () => {
    const bought = await confirmed([order.sell(999n)]);
    const productId = bought.articles[0]?.productId ?? "";
    await bought.fulfillment(0, FulfillmentStatus.PACKED, { lines: [{ productId, quantity: 2, short: 1 }] });
    const now = await bought.get();
    expect(now).toMatchObject({
      totals: { total: { amountMinor: "999" } },
      lines: [{ quantity: 1, shortQuantity: 1 }],
    });
    const shortened = (await order.events(bought.orderId)).find(
      ({ data }) => data["change"] === "ORDER_CHANGE_SHORTENED",
    );
    expect(shortened?.data["shortened"]).toEqual([{ productId, quantity: 1 }]);
    await bought.dispatched(0);
    await bought.captured();
    await bought.delivered(0, [{ productId, quantity: 1 }]);
    expect((await bought.get()).status).toBe(status("COMPLETED"));
  });

  it("is told the same whether the shortage or the cancellation of the parcel comes first", async () => {
    for (const sequence of [
      ["short", "held"],
      ["held", "short"],
    ]) {
      const bought = await confirmed();
      const productId = bought.articles[0]?.productId ?? "";
      const lines = [{ productId, quantity: 2, short: 1 }];
      for (const step of sequence) {
        await (step === "short" ? bought.fulfillment(0, FulfillmentStatus.PACKED, { lines }) : bought.held(0, lines));
      }
      const now = await bought.get();
      expect(now.totals.total.amountMinor).toBe("2000");
      expect(now.lines[0].shortQuantity).toBe(2);
    }
  });

  it("cancels the order when nothing at all was found", async () => {
    const bought = await confirmed([order.sell()]);
    await bought.held(0, [{ productId: bought.articles[0]?.productId ?? "", quantity: 2, short: 2 }]);
    expect(await bought.get()).toMatchObject({
      status: status("CANCELLED"),
      cancellation: { reason: "CANCEL_REASON_OUT_OF_STOCK" },
    });
    const cancelled = (await order.events(bought.orderId)).find(({ topic }) => topic === "order.cancelled");
    expect(cancelled?.data["missing"]).toEqual([{ productId: bought.articles[0]?.productId, quantity: 2 }]);
  });

  it("is delivered when the last part is, however many parcels a seller sends", async () => {
    const bought = await confirmed([order.sell()]);
    const productId = bought.articles[0]?.productId ?? "";
    await bought.dispatched(0);
    await bought.captured();
    await bought.delivered(0, [{ productId, quantity: 1 }]);
    expect((await bought.get()).status).toBe(status("SHIPPED"));
    const rest = {
      orderId: bought.orderId,
      aggregateVersion: 1n,
      occurredAt,
      shipmentId: newId(),
      sellerId: bought.articles[0]?.sellerId ?? "",
      fulfillmentId: newId(),
      lines: [{ productId, quantity: 1 }],
    };
    await order.deliver(ShipmentDeliveredSchema, rest);
    expect((await bought.get()).status).toBe(status("COMPLETED"));
  });
});

describe("a parcel that is lost on the way", () => {
  it("shrinks the order, which is delivered with the rest", async () => {
    const bought = await confirmed();
    await bought.dispatched(0);
    await bought.captured();
    await bought.delivered(0);
    await bought.lost(1);
    expect(await bought.get()).toMatchObject({
      status: status("COMPLETED"),
      totals: { total: { amountMinor: "2000" } },
    });
  });

  it("cancels the order when nothing else was in it, and waits for money and stock", async () => {
    const bought = await confirmed([order.sell()]);
    await bought.dispatched(0);
    await bought.captured();
    await bought.lost(0);
    expect(await bought.get()).toMatchObject({
      status: status("CANCELLED"),
      cancellation: { reason: "CANCEL_REASON_DELIVERY_FAILED" },
    });
    await bought.refunded();
    await bought.released();
    expect((await order.http(`/orders/${bought.orderId}/timeline`, { as: bought.as })).json.data.final).toBe(true);
  });
});

describe("a return", () => {
  const completed = async (articles?: readonly Article[]) => {
    const bought = await confirmed(articles);
    for (const n of bought.articles.keys()) await bought.dispatched(n);
    await bought.captured();
    for (const n of bought.articles.keys()) await bought.delivered(n);
    const ask = (lines: readonly object[], as = bought.as) =>
      order.http(`/orders/${bought.orderId}/returns`, { method: "POST", as, body: { lines, reason: "too small" } });
    return { ...bought, ask };
  };

  it("goes from label to goods to money, and with the last piece the whole order is returned", async () => {
    const bought = await completed([order.sell(333n)]);
    const productId = bought.articles[0]?.productId;
    for (const n of [1, 2]) {
      const { json } = await bought.ask([{ productId, quantity: 1 }]);
      expect(json.data).toMatchObject({ status: "RETURN_STATUS_REQUESTED", refund: { amountMinor: "333" } });
      const { returnId } = json.data;
      await bought.returned(returnId);
      await bought.returned(returnId);
      await bought.refunded(`return ${returnId}`);
      expect((await bought.get()).status).toBe(status(n === 1 ? "COMPLETED" : "RETURNED"));
      expect(
        (await order.http(`/orders/${bought.orderId}/returns/${returnId}`, { as: bought.as })).json.data,
      ).toMatchObject({
        status: "RETURN_STATUS_REFUNDED",
      });
    }
    const after = (await bought.changes()).slice(-6);
    expect(after).toEqual(["RETURN_REQUESTED", "RETURNED", "REFUNDED", "RETURN_REQUESTED", "RETURNED", "REFUNDED"]);
    expect((await order.http(`/orders/${bought.orderId}/returns`, { as: bought.as })).json.data.returns).toHaveLength(
      2,
    );
  });

  it("is refused before delivery, for unknown products, several sellers, and more pieces than there are", async () => {
    const early = await confirmed();
    const before = await order.fingerprint();
    const ask = (lines: readonly object[], orderId: string, as: typeof early.as) =>
      order.http(`/orders/${orderId}/returns`, { method: "POST", as, body: { lines } });
    const one = [{ productId: early.articles[0]?.productId, quantity: 1 }];
    expect((await ask(one, early.orderId, early.as)).json.error).toBe("order.return_not_allowed");
    expect((await ask(one, early.orderId, order.tokens.customer(newId()))).json.error).toBe("order.not_found");
    expect((await ask(one, newId(), early.as)).json.error).toBe("order.not_found");
    expect((await ask([], early.orderId, early.as)).status).toBe(400);
    expect((await ask([{ productId: "x", quantity: 1 }], early.orderId, early.as)).status).toBe(400);
    expect(await order.fingerprint()).toEqual(before);
    const bought = await completed();
    const unchanged = await order.fingerprint();
    const [a, b] = bought.articles;
    for (const lines of [
      [{ productId: newId(), quantity: 1 }],
      [{ productId: a?.productId, quantity: 3 }],
      [a, b].map((article) => ({ productId: article?.productId, quantity: 1 })),
    ]) {
      expect((await bought.ask(lines)).json.error).toBe("order.return_lines_invalid");
    }
    expect((await order.http(`/orders/${bought.orderId}/returns/${newId()}`, { as: bought.as })).json.error).toBe(
      "order.return_not_found",
    );
    expect(await order.fingerprint()).toEqual(unchanged);
  });

  it("gives no piece back twice, however many ask at once", async () => {
    const bought = await completed([order.sell()]);
    const lines = [{ productId: bought.articles[0]?.productId, quantity: 2 }];
    const answers = await Promise.all(Array.from({ length: 4 }, () => bought.ask(lines)));
    expect(answers.filter(({ status: code }) => code === 200)).toHaveLength(1);
  });

  it("of an unknown id is a dead letter; a refund that is not of a return changes nothing", async () => {
    const bought = await completed();
    const version = (await bought.get()).version;
    await bought.returned(newId());
    await bought.refunded("goodwill");
    expect((await bought.get()).version).toBe(version);
  });

  it("stands in the seller's dashboard", async () => {
    const article = order.sell();
    const bought = await completed([article]);
    await bought.ask([{ productId: article.productId, quantity: 1 }]);
    const as = order.tokens.seller(article.sellerId);
    const { data } = (await order.http(`/sellers/${article.sellerId}/dashboard`, { as })).json;
    expect(data).toMatchObject({
      orders: [{ status: status("COMPLETED"), count: "1", revenue: [{ amountMinor: "2000" }] }],
      returns: [{ status: "RETURN_STATUS_REQUESTED", count: "1", refund: [{ amountMinor: "1000" }] }],
      topProducts: [{ productId: article.productId, itemsSold: "2", revenue: [{ amountMinor: "2000" }] }],
    });
  });
});

describe("my orders", () => {
  it("show what was written, at once, newest first, by status and by cursor", async () => {
    const customerId = newId();
    const as = order.tokens.customer(customerId);
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      order.clock.advance(1_000);
      const { json } = await order.http("/orders", { method: "POST", as, body: orderBody([order.sell()]) });
      ids.unshift(json.data.orderId);
      const list = await order.http(`/me/orders?orderId=${json.data.orderId}&minVersion=${json.data.version}`, { as });
      expect(list.json.data.orders[0]).toMatchObject({ orderId: json.data.orderId, items: 2, title: "Mug" });
    }
    await order.http(`/orders/${ids[1]}`, { method: "DELETE", as });
    const listed = async (query: string) => (await order.http(`/me/orders?${query}`, { as })).json.data;
    const idsOf = (data: { orders: { orderId: string }[] }) => data.orders.map(({ orderId }) => orderId);
    expect(idsOf(await listed("status=ORDER_STATUS_CANCELLED"))).toEqual([ids[1]]);
    const first = await listed("page.limit=2");
    expect(idsOf(first)).toEqual(ids.slice(0, 2));
    expect(idsOf(await listed(`page.limit=2&page.cursor=${first.page.nextCursor}`))).toEqual(ids.slice(2));
    const stranger = await order.http("/me/orders", { as: order.tokens.customer(newId()) });
    expect(stranger.json.data.orders ?? []).toEqual([]);
  });

  it("say so when a version is never reached, and hide other people's", async () => {
    const bought = await confirmed();
    const far = await order.http(`/orders/${bought.orderId}?minVersion=99`, { as: bought.as });
    expect(far).toMatchObject({ status: 409, json: { error: "order.not_that_far" } });
    const as = order.tokens.customer(newId());
    const other = await order.http(`/me/orders?orderId=${bought.orderId}&minVersion=99`, { as });
    expect(other.json.error).toBe("order.not_found");
  });
});

describe("a person who asked to be forgotten", () => {
  it("is blanked in finished orders at once, in running ones as they end, and only once", async () => {
    const bought = await confirmed([order.sell()]);
    await order.deliver(CustomerUpdatedSchema, {
      customerId: bought.customerId,
      aggregateVersion: 2n,
      occurredAt,
      change: CustomerChange.ERASED,
    });
    expect(await order.runJob("order.erasure")).toEqual({ blanked: 0 });
    expect((await bought.get()).shippingAddress.recipient).toBe("Ada Park");
    await bought.dispatched(0);
    await bought.captured();
    await bought.delivered(0);
    expect(await order.runJob("order.erasure")).toEqual({ blanked: 1 });
    expect(await order.runJob("order.erasure")).toEqual({ blanked: 0 });
    expect((await bought.get()).shippingAddress).toMatchObject({ recipient: "erased", countryCode: "DE" });
  });
});

describe("a checkout that waits for a person", () => {
  const operator = () => order.tokens.as("operator");

  it("is listed, can be tried again, and turned round; by operators only", async () => {
    const bought = await confirmed();
    await order.database.query("update tandem.saga set status = 'parked', reason = 'test' where id = $1", [
      bought.orderId,
    ]);
    const listed = await order.http("/checkouts/parked", { as: operator() });
    expect(listed.json.data.checkouts).toMatchObject([{ orderId: bought.orderId, status: "parked", reason: "test" }]);
    const call = (verb: string, as: ReturnType<typeof operator>, body: object = {}) =>
      order.http(`/checkouts/${bought.orderId}/${verb}`, { method: "POST", as, body });
    expect((await call("resume", bought.as as ReturnType<typeof operator>)).status).toBe(403);
    expect((await call("abort", operator(), {})).status).toBe(400);
    expect((await call("abort", operator(), { reason: "customer called" })).json.data.status).toBe("compensating");
    expect((await bought.get()).status).toBe(status("CANCELLED"));
    expect((await call("resume", operator())).json.error).toBe("saga.not_parked");
    expect(
      (await order.http(`/checkouts/${newId()}/resume`, { method: "POST", as: operator(), body: {} })).json.error,
    ).toBe("saga.not_found");
  });
});
