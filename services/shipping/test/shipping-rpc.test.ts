import { newId } from "@tandem/kernel";
import { signWebhook } from "@tandem/operations";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, type StoredShipment, startHarness, testParcel } from "./harness.ts";

const SECRET = "a secret of at least sixteen";
let shipping: Harness;
let staff: { readonly authorization: string };
beforeAll(async () => {
  shipping = await startHarness({ env: { CARRIER_WEBHOOK_SECRET: SECRET, TRACKING_INTERVAL_MS: "60000" } });
  staff = await shipping.tokens.as("staff");
});
afterAll(() => shipping[Symbol.asyncDispose]());

const send = (path: string, body: unknown, as = staff, headers = {}) =>
  shipping.http(path, { method: "POST", body, as, headers });
const get = (path: string, as = staff) => shipping.http(path, { as });
const recipient = { recipient: "Ada Park", line1: "1 Street", postalCode: "10969", city: "Berlin", countryCode: "DE" };
const customer = async (customerId: string) => {
  const token = await shipping.tokens.customer(customerId);
  return token;
};

describe("rates", () => {
  it("are those of all carriers, cheapest first, by weight and distance", async () => {
    const { json } = await send("/shipping/rates", { recipient, weightGrams: 2_500 });
    expect(json.data).toMatchObject({
      rates: [
        { carrier: "ox", price: { currencyCode: "EUR", amountMinor: "550" }, days: 3 },
        { carrier: "swift", price: { currencyCode: "EUR", amountMinor: "930" }, days: 1 },
      ],
      unavailableCarriers: [],
    });
    const abroad = await send("/shipping/rates", { recipient: { ...recipient, countryCode: "FR" } });
    expect(abroad.json.data.rates).toMatchObject([
      { price: { amountMinor: "780" } },
      { price: { amountMinor: "1380" } },
    ]);
    const beyond = await send("/shipping/rates", { recipient: { ...recipient, countryCode: "US" } });
    expect(beyond.json.data.rates).toMatchObject([{ carrier: "swift", price: { amountMinor: "2760" } }]);
    const nowhere = await send("/shipping/rates", { recipient: { ...recipient, countryCode: "AQ" } });
    expect(nowhere.json.data.rates).toEqual([]);
  });

  it("are for customers and sellers too, not for strangers", async () => {
    expect((await send("/shipping/rates", { recipient }, await shipping.tokens.customer())).status).toBe(200);
    expect((await send("/shipping/rates", { recipient }, await shipping.tokens.seller())).status).toBe(200);
    expect((await shipping.http("/shipping/rates", { method: "POST", body: { recipient } })).status).toBe(401);
  });
});

describe("a shipment", () => {
  it("is its customer's, its seller's and staff's; for others there is none", async () => {
    const { parcel, shipment } = await shipping.labelled();
    const path = `/shipments/${shipment.id}`;
    const [owner, buyer] = [await shipping.tokens.seller(parcel.sellerId), await customer(parcel.customerId)];
    const [thief, stranger] = [await shipping.tokens.seller(), await shipping.tokens.customer()];
    for (const as of [staff, owner, buyer, await shipping.tokens.as("operator")]) {
      expect((await get(path, as)).json.data).toMatchObject({
        shipmentId: shipment.id,
        status: "SHIPMENT_STATUS_LABELLED",
        trackingNumber: shipment.trackingNumber,
      });
      expect((await get(`${path}/tracking`, as)).status).toBe(200);
    }
    const before = await shipping.fingerprint();
    for (const as of [thief, stranger])
      for (const suffix of ["", "/tracking", "/label"])
        expect(await get(`${path}${suffix}`, as)).toMatchObject({
          status: 404,
          json: { error: "shipping.shipment_not_found" },
        });
    for (const call of ["cancel", "pickup"]) {
      expect((await send(`${path}/${call}`, {}, thief)).json.error).toBe("shipping.shipment_not_found");
      expect((await send(`${path}/${call}`, {}, buyer)).status).toBe(403);
    }
    expect((await get(`/shipments/${newId()}`, owner)).status).toBe(404);
    expect(await shipping.fingerprint()).toEqual(before);
  });

  it("has a label for its seller; for its customer only when it is a return", async () => {
    const { parcel, shipment } = await shipping.labelled();
    const [owner, buyer] = [await shipping.tokens.seller(parcel.sellerId), await customer(parcel.customerId)];
    expect((await get(`/shipments/${shipment.id}/label`, owner)).headers.get("content-type")).toBe("application/pdf");
    expect((await get(`/shipments/${shipment.id}/label`, buyer)).json.error).toBe("shipping.label_not_ready");
    const returnId = newId();
    await shipping.returned(parcel, returnId);
    const { json } = await get("/shipments?kind=SHIPMENT_KIND_RETURN", buyer);
    const [back] = json.data.shipments;
    expect(back).toMatchObject({ returnId });
    await shipping.untilStatus(back.shipmentId, "DISPATCHED");
    const label = await get(`/shipments/${back.shipmentId}/label`, buyer);
    expect(label).toMatchObject({ status: 200 });
    expect(label.headers.get("content-disposition")).toContain(".pdf");
  });

  it("is listed to whom it belongs, newest first, by cursor without a gap and by offset with a total", async () => {
    const sellerId = newId();
    const parcels = Array.from({ length: 5 }, () => testParcel({ sellerId }));
    const ids: string[] = [];
    for (const parcel of parcels) {
      shipping.clock.advance(1_000);
      await shipping.packed(parcel);
      ids.unshift(((await shipping.shipmentOf(parcel)) as StoredShipment).id);
    }
    const owner = await shipping.tokens.seller(sellerId);
    const seen: string[] = [];
    let cursor = "";
    do {
      const { json } = await get(`/shipments?page.limit=2${cursor && `&page.cursor=${cursor}`}`, owner);
      seen.push(...json.data.shipments.map((one: { shipmentId: string }) => one.shipmentId));
      cursor = json.data.page.nextCursor ?? "";
    } while (cursor);
    expect(seen).toEqual(ids);
    expect((await get(`/shipments?sellerId=${sellerId}&page.limit=2&page.offset=4`)).json.data).toMatchObject({
      shipments: [{ shipmentId: ids[4] }],
      page: { total: "5" },
    });
    const [first] = parcels;
    expect((await get(`/shipments?orderId=${first?.orderId}`, owner)).json.data.shipments).toHaveLength(1);
    const buyer = await customer(first?.customerId ?? "");
    expect((await get("/shipments", buyer)).json.data.shipments).toMatchObject([{ orderId: first?.orderId }]);
    expect((await get(`/shipments?sellerId=${sellerId}`, await shipping.tokens.seller())).json.data.shipments).toEqual(
      [],
    );
    expect((await get("/shipments?status=SHIPMENT_STATUS_FAILED", owner)).json.data.shipments).toEqual([]);
  });
});

describe("an extra parcel by hand", () => {
  it("goes where the order's parcel went, is fetched on call, and announces nothing", async () => {
    const { parcel } = await shipping.labelled();
    const owner = await shipping.tokens.seller(parcel.sellerId);
    const key = { "idempotency-key": newId() };
    const wish = {
      orderId: parcel.orderId,
      lines: [{ productId: parcel.productId, quantity: 1 }],
      serviceLevel: "SERVICE_LEVEL_EXPRESS",
    };
    const [first, again] = [await send("/shipments", wish, owner, key), await send("/shipments", wish, owner, key)];
    expect(first.json.data).toMatchObject({ kind: "SHIPMENT_KIND_EXTRA", recipient: { recipient: "Ada Park" } });
    expect(again.json.data.shipmentId).toBe(first.json.data.shipmentId);
    const id = first.json.data.shipmentId as string;
    await shipping.untilStatus(id, "LABELLED");
    expect((await get(`/shipments/${id}`, owner)).json.data.carrier).toBe("swift");
    for (let n = 0; n < 2; n += 1) expect((await send(`/shipments/${id}/pickup`, {}, owner)).status).toBe(200);
    await shipping.untilStatus(id, "DISPATCHED");
    expect((await send(`/shipments/${id}/cancel`, {}, owner)).json.error).toBe("shipping.already_handed_over");
    expect(await shipping.topics(id)).toEqual([]);
  });

  it("is only for orders of which the seller has sent something, and for staff only by the seller's name", async () => {
    const { parcel } = await shipping.labelled();
    const wish = { orderId: parcel.orderId };
    const before = await shipping.fingerprint();
    expect((await send("/shipments", wish, await shipping.tokens.seller())).json.error).toBe("shipping.order_unknown");
    expect((await send("/shipments", { orderId: newId(), sellerId: parcel.sellerId })).status).toBe(404);
    expect(
      (await send("/shipments", { ...wish, sellerId: parcel.sellerId }, await shipping.tokens.seller())).status,
    ).toBe(403);
    expect((await send("/shipments", wish)).status).toBe(400);
    expect((await send("/shipments", wish, await shipping.tokens.customer())).status).toBe(403);
    expect(await shipping.fingerprint()).toEqual(before);
    const elsewhere = { ...recipient, recipient: "Bob" };
    expect(
      (await send("/shipments", { ...wish, sellerId: parcel.sellerId, recipient: elsewhere })).json.data,
    ).toMatchObject({
      recipient: { recipient: "Bob" },
      sellerId: parcel.sellerId,
      customerId: parcel.customerId,
    });
  });
});

describe("calling off by hand", () => {
  it("takes the booking back, tells the fulfillment, and may be repeated", async () => {
    const { parcel, shipment } = await shipping.labelled();
    const owner = await shipping.tokens.seller(parcel.sellerId);
    for (let n = 0; n < 3; n += 1)
      expect((await send(`/shipments/${shipment.id}/cancel`, { reason: "broken" }, owner)).status).toBe(200);
    await shipping.untilStatus(shipment.id, "CANCELLED");
    expect((await get(`/shipments/${shipment.id}`)).json.data).toMatchObject({ reason: "broken" });
    await shipping.until(shipment.id, "shipment.failed");
    expect(await shipping.topics(shipment.id)).toEqual(["shipment.created", "shipment.failed"]);
    expect((await shipping.bookings()).find((one) => one.trackingNumber === shipment.trackingNumber)).toMatchObject({
      cancelled: true,
      pickups: 0,
    });
  });

  it("or fetching, is refused for parcels that are handed over, and for fulfillments' parcels", async () => {
    const { parcel, shipment } = await shipping.labelled();
    expect((await send(`/shipments/${shipment.id}/pickup`, {})).json.error).toBe("shipping.transition_invalid");
    await shipping.handedOver(parcel);
    expect((await send(`/shipments/${shipment.id}/cancel`, {})).json).toMatchObject({
      error: "shipping.already_handed_over",
    });
  });
});

describe("a carrier's webhook", () => {
  const tell = (body: string, { secret = SECRET, carrier = "ox", at = shipping.clock.now() } = {}) =>
    shipping.http(`/carrier-webhooks/${carrier}`, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        "webhook-signature": signWebhook(secret, new TextEncoder().encode(body), at),
      },
    });

  it("has the parcel looked for at once, and again changes nothing", async () => {
    const { parcel, shipment } = await shipping.labelled();
    await shipping.handedOver(parcel);
    await shipping.untilStatus(shipment.id, "DISPATCHED");
    const body = JSON.stringify({ trackingNumber: shipment.trackingNumber });
    await expect
      .poll(
        async () => {
          expect((await tell(body)).status).toBe(200);
          return shipping.topics(shipment.id);
        },
        { timeout: 10_000 },
      )
      .toContain("shipment.delivered");
    expect((await tell(body)).status).toBe(200);
    expect(await shipping.topics(shipment.id)).toHaveLength(3);
  });

  it("is believed by nobody without a good and fresh signature", async () => {
    const before = await shipping.fingerprint();
    const body = '{"trackingNumber":"OX00000000000000DE"}';
    const old = new Date(shipping.clock.now().getTime() - 400_000);
    for (const wrong of [{ secret: "another secret of sixteen" }, { at: old }])
      expect(await tell(body, wrong)).toMatchObject({
        status: 401,
        json: { error: "shipping.webhook_signature_invalid" },
      });
    expect((await shipping.http("/carrier-webhooks/ox", { method: "POST", body })).status).toBe(401);
    expect((await tell(body, { carrier: "snail" })).json.error).toBe("shipping.carrier_unknown");
    for (const bad of ["[]", "null", "{}", '{"trackingNumber":1}', '{"trackingNumber":"x y"}', "{"])
      expect((await tell(bad)).json.error).toBe("shipping.webhook_malformed");
    expect((await tell(body)).status).toBe(200);
    expect(await shipping.fingerprint()).toEqual(before);
  });
});

describe("what is refused, changing nothing", () => {
  it.each([
    ["no address", { recipient: undefined }],
    ["an address of nothing", { recipient: {} }],
    ["a country that is none", { recipient: { ...recipient, countryCode: "Germany" } }],
    ["a name as long as a book", { recipient: { ...recipient, recipient: "x".repeat(10_000) } }],
    ["a negative weight", { weightGrams: -1 }],
    ["a weight of a ship", { weightGrams: 1_000_001 }],
    ["a weight in words", { weightGrams: "heavy" }],
    ["a field of its own", { price: 1 }],
  ])("rates for %s", async (_what, over) => {
    expect(await send("/shipping/rates", { recipient, ...over })).toMatchObject({
      status: 400,
      json: { message: expect.any(String) },
    });
  });

  it("shipments of hostile shape, ids that are none, callers without the permission", async () => {
    const { parcel } = await shipping.labelled();
    const wish = { orderId: parcel.orderId, sellerId: parcel.sellerId };
    const before = await shipping.fingerprint();
    const productId = newId();
    for (const over of [
      { orderId: "x" },
      { orderId: null },
      { sellerId: "'; drop table shipment; --" },
      { lines: [{ productId, quantity: 0 }] },
      { lines: [{ productId, quantity: -1 }] },
      { lines: [{ productId, quantity: 2 ** 31 }] },
      { lines: [{ productId: "x", quantity: 1 }] },
      {
        lines: [
          { productId, quantity: 1 },
          { productId, quantity: 1 },
        ],
      },
      { lines: Array.from({ length: 101 }, () => ({ productId: newId(), quantity: 1 })) },
      { weightGrams: -5 },
      { serviceLevel: "SERVICE_LEVEL_TELEPORT" },
      { serviceLevel: 99 },
      { recipient: { ...recipient, recipient: "" } },
      { status: "SHIPMENT_STATUS_DELIVERED" },
      { kind: "SHIPMENT_KIND_FULFILLMENT" },
    ]) {
      const answer = await send("/shipments", { ...wish, ...over });
      expect(answer.status, JSON.stringify(over)).toBe(400);
      expect(answer.text).not.toMatch(/at \S+ \(|node_modules|select |insert /);
    }
    for (const body of ['{"orderId": ', "[]", "null", '{"orderId":"\\u0000"}'])
      expect((await send("/shipments", body)).status).toBe(400);
    for (const path of ["/shipments/x", "/shipments/x/label", "/shipments/x/tracking"])
      expect((await get(path)).status).toBe(400);
    for (const query of ["page.cursor=x", "page.limit=-1", "page.limit=201", "sellerId=x", "status=77", "where=1"])
      expect((await get(`/shipments?${query}`)).status, query).toBe(400);
    expect((await send(`/shipments/${newId()}/cancel`, { reason: "r".repeat(501) })).status).toBe(400);
    expect((await send(`/shipments/${newId()}/cancel`, {})).status).toBe(404);
    expect((await send("/shipments", wish, await shipping.tokens.service("order"))).status).toBe(403);
    const expired = await shipping.tokens.expired({ subject: "x", roles: ["staff"] });
    expect((await get("/shipments", { authorization: `Bearer ${expired}` })).status).toBe(401);
    expect((await shipping.http("/shipments")).status).toBe(401);
    expect(await shipping.fingerprint()).toEqual(before);
  });
});
