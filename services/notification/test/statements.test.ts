import { CartChange, CartStatus, CartUpdatedSchema, OrderChange, OrderUpdatedSchema } from "@tandem/contracts/order";
import { ShipmentDispatchedSchema } from "@tandem/contracts/shipping";
import { newId } from "@tandem/kernel";
import { createOutbox } from "@tandem/messaging";
import { countStatements } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeDeliverNotification } from "../src/biz/deliver-notification.ts";
import { makeDeliveryLog } from "../src/data/delivery-log.ts";
import { makeDeliveryQueue } from "../src/data/delivery-queue.ts";
import { at, type Harness, rowsOf, startHarness, story } from "./harness.ts";

let notification: Harness;
beforeAll(async () => {
  notification = await startHarness({ startWorkers: false });
});
afterAll(() => notification[Symbol.asyncDispose]());

/** Without the wake of another process's relay, which is one for all commits of some milliseconds. */
const saidBy = async (work: () => Promise<unknown>) =>
  (await countStatements(work)).filter((text) => !text.includes("pg_notify"));

const known = async () => {
  const one = story(notification);
  await one.registered();
  await one.confirmed();
  return one;
};
type Known = Awaited<ReturnType<typeof known>>;

const updated = ({ common, order }: Known, version: bigint, id = newId()) =>
  notification.deliver(
    OrderUpdatedSchema,
    { ...common, aggregateVersion: version, order: { ...order, version }, change: OrderChange.STOCK_RESERVED },
    id,
  );
const dispatched = ({ orderId, productId }: Known, id = newId()) =>
  notification.deliver(
    ShipmentDispatchedSchema,
    {
      shipmentId: newId(),
      aggregateVersion: 2n,
      occurredAt: at,
      orderId,
      sellerId: newId(),
      lines: [{ productId, quantity: 2 }],
      carrier: "DHL",
      trackingNumber: "JD1",
    },
    id,
  );
const cartTold = (cartId: string, version: bigint, over: { readonly id?: string; readonly sku?: string } = {}) =>
  notification.deliver(
    CartUpdatedSchema,
    {
      cartId,
      aggregateVersion: version,
      occurredAt: at,
      change: CartChange.ITEM_PUT,
      cart: {
        cartId,
        customerId: newId(),
        version,
        status: CartStatus.OPEN,
        items: [{ productId: newId(), sku: over.sku ?? "S", sellerId: newId(), quantity: 1 }],
        currencyCode: "EUR",
      },
    },
    over.id ?? newId(),
  );
const cartOf = async (cartId: string) =>
  (await notification.database.query("select version::int, state, items from cart where cart_id = $1", [cartId]))
    .rows[0];

describe("what an event costs in statements", () => {
  it("of a known order, with nothing to tell: one, and one when it comes again", async () => {
    const one = await known();
    const id = newId();
    expect(await saidBy(() => updated(one, 9n, id))).toHaveLength(1);
    const before = await notification.fingerprint();
    expect(await saidBy(() => updated(one, 9n, id))).toHaveLength(1);
    expect(await notification.fingerprint()).toEqual(before);
  });

  it("with something to tell: four, in two round trips; again, nothing is told", async () => {
    const one = await known();
    const id = newId();
    // BEGIN, inbox with order, person and preferences | the message, COMMIT.
    expect(await saidBy(() => dispatched(one, id))).toHaveLength(4);
    expect(await saidBy(() => dispatched(one, id))).toHaveLength(3);
    expect(
      (await rowsOf(notification, one.customerId)).filter(({ template }) => template === "shipment.dispatched"),
    ).toHaveLength(1);
  });

  it("of a person who was not heard of: five, the welcome included", async () => {
    expect(await saidBy(() => story(notification).registered())).toHaveLength(5);
  });

  it("of a cart of which nobody was reminded: one; what is older, or comes again, changes nothing", async () => {
    const cartId = newId();
    const id = newId();
    expect(await saidBy(() => cartTold(cartId, 2n, { id, sku: "A" }))).toHaveLength(1);
    expect(await saidBy(() => cartTold(cartId, 5n, { sku: "B" }))).toHaveLength(1);
    await cartTold(cartId, 3n, { sku: "C" });
    await cartTold(cartId, 2n, { id, sku: "A" });
    expect(await cartOf(cartId)).toMatchObject({ version: 5, state: "OPEN", items: [{ sku: "B" }] });
  });

  it("of a cart that several workers hear of for the first time at once: the highest version is kept", async () => {
    const cartId = newId();
    const versions = [3n, 7n, 1n, 5n];
    await Promise.all(versions.map((version) => cartTold(cartId, version, { sku: `v${version}` })));
    expect(await cartOf(cartId)).toMatchObject({ version: 7, items: [{ sku: "v7" }] });
  });
});

describe("what a delivery costs in statements", () => {
  it("is one for the claim of all that is due, and one for each message with its event", async () => {
    await notification.database.query("update notification set status = 'SENT' where status = 'PENDING'");
    const one = await known();
    const { database, clock } = notification;
    const deliver = makeDeliverNotification({
      deliveries: makeDeliveryLog(database, createOutbox({ database, source: "notification" })),
      senders: new Map([["EMAIL", { send: async () => "taken" }]]),
      clock,
      sendTimeoutMs: 1_000,
      policy: { maxAttempts: 5, minDelayMs: 1, maxDelayMs: 5 },
    });
    const said = await saidBy(async () => {
      const leased = await makeDeliveryQueue(database).claim({
        limit: 8,
        leaseMs: 60_000,
        now: clock.now(),
        channels: ["EMAIL", "SMS"],
      });
      expect(leased).toHaveLength(2);
      for (const each of leased) expect(await deliver(each)).toBe("sent");
      // Its lease is over: it writes nothing, and announces nothing.
      expect(await deliver({ ...(leased[0] as (typeof leased)[number]), token: 99n })).toBe("stale");
    });
    expect(said).toHaveLength(4);
    for (const { id, status } of await rowsOf(notification, one.customerId)) {
      expect(status).toBe("SENT");
      expect(await notification.topics(id)).toEqual(["notification.sent"]);
    }
  });
});

describe("reminders of a cart", () => {
  it("are found by their cart, however many messages are still to be sent", async () => {
    const { database } = notification;
    await database.query(`
      insert into notification (id, cause_event_id, template, channel, recipient, category, status, reason, variables, locale, address,
        subject, body_text, body_html, unsubscribe_url, attempts, due_at, provider_message_id, version, created_at, cart_id)
      select gen_random_uuid(), 'plan ' || n, 't', 'EMAIL', 'r', 'ORDER', 'PENDING', '', '{}', '', '', '', '', '', '', 0, now(), '', 1, now(),
        case when n % 10 = 0 then gen_random_uuid() end
      from generate_series(1, 5000) n`);
    await database.query("analyze notification");
    const { rows } = await database.query<{ "QUERY PLAN": string }>(
      `explain update notification set status = 'SUPPRESSED' where cart_id = $1 and status in ('PENDING', 'WAITING')`,
      [newId()],
    );
    expect(rows.map((row) => row["QUERY PLAN"]).join("\n")).toContain("notification_pending_cart");
    await database.query("delete from notification where cause_event_id like 'plan %'");
  });
});
