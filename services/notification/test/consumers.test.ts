import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { LoginFailedSchema, SessionEnd, SessionRevokedSchema, UserRegisteredSchema } from "@tandem/contracts/auth";
import { CustomerChange, CustomerUpdatedSchema } from "@tandem/contracts/customer";
import {
  CartChange,
  CartStatus,
  CartUpdatedSchema,
  OrderChange,
  OrderCompletedSchema,
  OrderConfirmedSchema,
  OrderUpdatedSchema,
} from "@tandem/contracts/order";
import { PaymentFailedSchema, PaymentOperation, PaymentRefundedSchema } from "@tandem/contracts/payment";
import {
  ShipmentDeliveredSchema,
  ShipmentDispatchedSchema,
  ShipmentFailedSchema,
  ShipmentFailure,
} from "@tandem/contracts/shipping";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { at, type Harness, mailsTo, orderFor, person, rowsOf, settledRowsOf, startHarness, story } from "./harness.ts";

let notification: Harness;
beforeAll(async () => {
  notification = await startHarness();
});
afterAll(() => notification[Symbol.asyncDispose]());

const eur = (amountMinor: bigint) => ({ currencyCode: "EUR", amountMinor });

/** Everything that may happen to an order, each event with its id. */
const chapters = (one: ReturnType<typeof story>) => {
  const { orderId, order, common, productId } = one;
  const shipment = {
    shipmentId: newId(),
    aggregateVersion: 2n,
    occurredAt: at,
    orderId,
    sellerId: newId(),
    lines: [{ productId, quantity: 2 }],
  };
  const payment = { paymentId: newId(), aggregateVersion: 2n, occurredAt: at, orderId, amount: eur(6_462n) };
  const returnId = newId();
  const returned = { ...order, returns: [{ returnId, sellerId: newId(), refund: eur(3_231n) }] };
  const short = { ...order, lines: order.lines.map((line) => ({ ...line, quantity: 1, shortQuantity: 1 })) };
  const ids = new Map<string, string>();
  const idOf = (name: string) => ids.get(name) ?? ids.set(name, newId()).get(name);
  const updated = (name: string, change: OrderChange, snapshot: object) => () =>
    notification.deliver(OrderUpdatedSchema, { ...common, order: snapshot, change, returnId }, idOf(name));
  return {
    "auth.user_registered": one.registered,
    "order.confirmed": one.confirmed,
    "order.cancelled": one.cancelled,
    "order.completed": () => notification.deliver(OrderCompletedSchema, common, idOf("completed")),
    "order.shortened": updated("short", OrderChange.SHORTENED, short),
    "order.return_requested": updated("requested", OrderChange.RETURN_REQUESTED, returned),
    "order.returned": updated("returned", OrderChange.RETURNED, returned),
    "payment.failed": () =>
      notification.deliver(PaymentFailedSchema, { ...payment, operation: PaymentOperation.AUTHORIZE }, idOf("failed")),
    "payment.refunded": () =>
      notification.deliver(
        PaymentRefundedSchema,
        { ...payment, refundId: newId(), totalRefunded: eur(6_462n) },
        idOf("refunded"),
      ),
    "shipment.dispatched": () =>
      notification.deliver(
        ShipmentDispatchedSchema,
        { ...shipment, carrier: "DHL", trackingNumber: "JD1" },
        idOf("dispatched"),
      ),
    "shipment.delivered": () => notification.deliver(ShipmentDeliveredSchema, shipment, idOf("delivered")),
    "shipment.failed": () =>
      notification.deliver(ShipmentFailedSchema, { ...shipment, failure: ShipmentFailure.LOST }, idOf("lost")),
  };
};
const emailsOf = async (customerId: string) =>
  (await settledRowsOf(notification, customerId)).filter(({ channel }) => channel === "EMAIL");

describe("an order's news", () => {
  it("are told in the customer's language and format, and announced", async () => {
    const one = story(notification);
    expect(await one.registered()).toBe("ack");
    expect(await one.confirmed()).toBe("ack");
    const mails = await mailsTo(notification, one.email, 2);
    const mail = mails.find(({ subject }) => subject.includes("is confirmed"));
    expect(mail).toMatchObject({ from: "shop@tandem.invalid", copy: 0 });
    expect(mail?.text).toContain("Hello Ada Lovelace,");
    expect(mail?.text).toContain("2 × Desk lamp <b>: €64.62");
    expect(mail?.html).toContain("2 × Desk lamp &lt;b&gt;: €64.62");
    expect(mails.map(({ subject }) => subject)).toContain("Welcome to Tandem");
    const [row] = (await settledRowsOf(notification, one.customerId)).filter(
      ({ template }) => template === "order.confirmed",
    );
    expect(row).toMatchObject({ status: "SENT", attempts: 1 });
    expect(await notification.events(row?.id ?? "")).toMatchObject([
      {
        topic: "notification.sent",
        data: { template: "order.confirmed", causeEventId: one.ids.confirmed, orderId: one.orderId, locale: "en" },
      },
    ]);
  });

  it("make one mail each, whatever order they come in and however often", async () => {
    for (const order of ["as it was", "backwards", "all at once"] as const) {
      const one = story(notification);
      const told = chapters(one);
      const names = Object.keys(told) as (keyof typeof told)[];
      const steps = order === "backwards" ? names.toReversed() : names;
      if (order === "all at once") {
        let left = [...steps, ...steps];
        for (let round = 0; left.length > 0 && round < 10; round += 1) {
          const outcomes = await Promise.all(left.map((name) => told[name]()));
          left = left.filter((_, index) => outcomes[index] !== "ack");
        }
        expect(left).toEqual([]);
      } else {
        for (const name of [...steps, ...steps]) expect([name, await told[name]()]).toEqual([name, "ack"]);
      }
      const mails = await mailsTo(notification, one.email, names.length);
      expect((await emailsOf(one.customerId)).map(({ template, status }) => `${template} ${status}`)).toEqual(
        names.toSorted().map((name) => `${name} SENT`),
      );
      expect(mails).toHaveLength(names.length);
      // Parcels are called by the names that only the order knows.
      for (const mail of mails.filter(
        ({ subject }) => /on its way$|has arrived$/.test(subject) && subject.startsWith("A parcel"),
      )) {
        expect(mail.text).toContain("2 × Desk lamp <b>");
      }
    }
  });

  it("of another product than the order's call it by its id, and wait for nothing", async () => {
    const one = story(notification);
    await one.registered();
    await one.confirmed();
    const stranger = newId();
    const shipment = {
      shipmentId: newId(),
      aggregateVersion: 1n,
      occurredAt: at,
      orderId: one.orderId,
      sellerId: newId(),
    };
    await notification.deliver(ShipmentDispatchedSchema, {
      ...shipment,
      lines: [{ productId: stranger, quantity: 1 }],
    });
    const mails = await mailsTo(notification, one.email, 3);
    expect(mails.some(({ text }) => text.includes(stranger))).toBe(true);
  });

  it("that concern nobody outside make no mail", async () => {
    const one = story(notification);
    await one.registered();
    const payment = { paymentId: newId(), aggregateVersion: 2n, occurredAt: at, orderId: one.orderId, amount: eur(1n) };
    for (const operation of [PaymentOperation.CAPTURE, PaymentOperation.VOID, PaymentOperation.REFUND]) {
      expect(await notification.deliver(PaymentFailedSchema, { ...payment, operation })).toBe("ack");
    }
    const nothing = { ...payment, refundId: newId(), amount: eur(0n), totalRefunded: eur(0n) };
    expect(await notification.deliver(PaymentRefundedSchema, nothing)).toBe("ack");
    await notification.deliver(OrderUpdatedSchema, { ...one.common, change: OrderChange.STOCK_RESERVED });
    expect((await emailsOf(one.customerId)).map(({ template }) => template)).toEqual(["auth.user_registered"]);
  });
});

describe("an address that is not known yet", () => {
  it("is waited for, and the message goes out as soon as it is", async () => {
    const one = story(notification);
    expect(await one.confirmed()).toBe("ack");
    expect(await rowsOf(notification, one.customerId)).toMatchObject([{ status: "WAITING", attempts: 0 }]);
    expect(await one.registered()).toBe("ack");
    await mailsTo(notification, one.email, 2);
  });

  it("is given up after a day, and said so", async () => {
    const one = story(notification);
    await one.confirmed();
    const parcel = { shipmentId: newId(), aggregateVersion: 1n, occurredAt: at, orderId: newId(), sellerId: newId() };
    await notification.deliver(ShipmentDeliveredSchema, parcel);
    expect(await notification.runJob("notification.delivery-retry")).toEqual({ recovered: 0, written: 0, failed: 0 });
    notification.clock.advance(86_400_001);
    expect(await notification.runJob("notification.delivery-retry")).toMatchObject({ failed: 3 });
    const [row] = await rowsOf(notification, one.customerId);
    expect(row).toMatchObject({ status: "FAILED", reason: "the address never became known" });
    expect(await notification.events(row?.id ?? "")).toMatchObject([
      { topic: "notification.failed", data: { template: "order.confirmed" } },
    ]);
    // Who comes too late gets the welcome, and no old news.
    await one.registered();
    expect(await mailsTo(notification, one.email, 1)).toMatchObject([{ subject: "Welcome to Tandem" }]);
  });

  it("comes with the profile too, in its language; older profiles change nothing", async () => {
    const one = story(notification);
    await one.confirmed();
    const profile = (version: bigint, email: string) => ({
      customerId: one.customerId,
      aggregateVersion: version,
      occurredAt: at,
      change: CustomerChange.PROFILE,
      customer: { customerId: one.customerId, email, displayName: "Ada", locale: "de-AT", timeZone: "Europe/Vienna" },
    });
    await notification.deliver(CustomerUpdatedSchema, profile(3n, one.email));
    await notification.deliver(CustomerUpdatedSchema, profile(2n, "old@example.com"));
    await one.registered();
    const mails = await mailsTo(notification, one.email, 2);
    expect(mails[0]?.subject).toMatch(/^Ihre Bestellung [0-9A-F]{8} ist bestätigt$/);
    expect(mails[0]?.text).toMatch(/vom 21\. November 2026 um 11:00:/);
    expect(mails[0]?.text).toMatch(/€\s64,62/);
    expect(notification.inbox.messages({ to: "old@example.com" })).toEqual([]);
  });
});

describe("a person who asked to be forgotten", () => {
  const erased = (customerId: string) =>
    notification.deliver(CustomerUpdatedSchema, {
      customerId,
      aggregateVersion: 9n,
      occurredAt: at,
      change: CustomerChange.ERASED,
      customer: { customerId },
    });

  it("leaves no address and no message behind, and gets none any more", async () => {
    const one = story(notification);
    await one.registered();
    await one.confirmed();
    await mailsTo(notification, one.email, 2);
    await settledRowsOf(notification, one.customerId);
    for (let n = 0; n < 2; n += 1) expect(await erased(one.customerId)).toBe("ack");
    await one.cancelled();
    await notification.deliver(UserRegisteredSchema, one.registration);
    const { rows } = await notification.database.query<{ all: string }>(
      "select row_to_json(n)::text || coalesce((select row_to_json(c)::text from contact c where c.customer_id = n.customer_id), '') as all from notification n where customer_id = $1",
      [one.customerId],
    );
    expect(rows.length).toBeGreaterThan(2);
    for (const { all } of rows) expect(all).not.toMatch(/example\.com|Lovelace|Desk lamp/);
    expect(notification.inbox.messages({ to: one.email })).toHaveLength(2);
    expect(
      (await rowsOf(notification, one.customerId)).find(({ template }) => template === "order.cancelled"),
    ).toMatchObject({ status: "SUPPRESSED", reason: "erased" });
  });

  it("gets nothing that waited either", async () => {
    const one = story(notification);
    await one.confirmed();
    await erased(one.customerId);
    await one.registered();
    expect((await settledRowsOf(notification, one.customerId)).map(({ status }) => status)).toEqual([
      "SUPPRESSED",
      "SUPPRESSED",
    ]);
    expect(notification.inbox.messages({ to: one.email })).toEqual([]);
  });
});

describe("the account", () => {
  it("is warned of when it is locked or its session is stolen, and not of every slip", async () => {
    const who = person({ locale: "en-US" });
    await notification.deliver(UserRegisteredSchema, who.registered);
    const slip = {
      userId: who.customerId,
      customerId: who.customerId,
      aggregateVersion: 2n,
      occurredAt: at,
      email: who.email,
      failedAttempts: 3,
      ip: "192.0.2.7",
    };
    const lockedUntil = timestampFromDate(new Date("2026-11-21T10:15:00Z"));
    const session = {
      sessionId: newId(),
      userId: who.customerId,
      customerId: who.customerId,
      aggregateVersion: 2n,
      occurredAt: at,
    };
    await notification.deliver(LoginFailedSchema, slip);
    await notification.deliver(LoginFailedSchema, { ...slip, failedAttempts: 5, lockedUntil });
    await notification.deliver(SessionRevokedSchema, { ...session, reason: SessionEnd.LOGOUT });
    await notification.deliver(SessionRevokedSchema, { ...session, reason: SessionEnd.TOKEN_REUSED });
    const subjects = (await mailsTo(notification, who.email, 3)).map(({ subject }) => subject).sort();
    expect(subjects).toEqual([
      "Welcome to Tandem",
      "You were signed out for your safety",
      "Your account is locked for a while",
    ]);
  });

  it("of somebody who is no customer goes by the user's id", async () => {
    const who = person();
    await notification.deliver(UserRegisteredSchema, { ...who.registered, customerId: "" });
    await mailsTo(notification, who.email, 1);
  });
});

describe("events that are no use", () => {
  it("become dead letters at once, and change nothing", async () => {
    const before = await notification.fingerprint();
    const orderId = newId();
    const { common, order } = orderFor(newId());
    const useless = [
      [OrderConfirmedSchema, { ...common, orderId, order: undefined }],
      [OrderConfirmedSchema, { ...common, orderId, order: { ...order, customerId: "nobody" } }],
      [OrderConfirmedSchema, { ...common, orderId, order: { ...order, totals: undefined } }],
      [OrderUpdatedSchema, { ...common, orderId, change: OrderChange.RETURNED, returnId: newId() }],
      [
        PaymentFailedSchema,
        {
          paymentId: orderId,
          aggregateVersion: 1n,
          occurredAt: at,
          orderId: "x",
          operation: PaymentOperation.AUTHORIZE,
        },
      ],
      [ShipmentDeliveredSchema, { shipmentId: orderId, aggregateVersion: 1n, occurredAt: at, orderId: "x" }],
      [CustomerUpdatedSchema, { customerId: orderId, aggregateVersion: 1n, occurredAt: at }],
      [UserRegisteredSchema, { ...person().registered, userId: orderId, email: "" }],
      [CartUpdatedSchema, { cartId: orderId, aggregateVersion: 1n, occurredAt: at }],
    ] as const;
    for (const [schema, init] of useless)
      expect(await notification.deliver(schema as typeof OrderConfirmedSchema, init as never)).toBe("ack");
    expect(await notification.deadLetters(orderId)).toHaveLength(useless.length);
    expect(await notification.fingerprint()).toEqual(before);
  });
});

describe("a cart that is left lying", () => {
  const HOURS = 3_600_000;
  const cartOf = (
    customerId: string,
    over: { version?: bigint; items?: number; change?: CartChange; status?: CartStatus; cartId?: string } = {},
  ) => {
    const { version = 1n, items = 2, change = CartChange.ITEM_PUT, status = CartStatus.OPEN, cartId = newId() } = over;
    const list = Array.from({ length: items }, (_, n) => ({
      productId: newId(),
      sku: `SKU-${n}`,
      sellerId: newId(),
      quantity: n + 1,
    }));
    const occurredAt = timestampFromDate(notification.clock.now());
    const id = newId();
    const init = {
      cartId,
      aggregateVersion: version,
      occurredAt,
      change,
      cart: { cartId, customerId, items: list, status, version },
    };
    return { cartId, tell: () => notification.deliver(CartUpdatedSchema, init, id) };
  };
  const registered = async () => {
    const who = person();
    await notification.deliver(UserRegisteredSchema, who.registered);
    await mailsTo(notification, who.email, 1);
    return who;
  };
  const remind = () => notification.runJob("notification.abandoned-cart");
  const reminders = async (customerId: string) =>
    (await rowsOf(notification, customerId)).filter(({ template }) => template === "cart.abandoned");

  it("is reminded of once per version, with a way out", async () => {
    const who = await registered();
    const cart = cartOf(who.customerId);
    for (let n = 0; n < 2; n += 1) await cart.tell();
    await remind();
    expect(await reminders(who.customerId)).toEqual([]);
    notification.clock.advance(5 * HOURS);
    for (let n = 0; n < 3; n += 1) await remind();
    const [, mail] = await mailsTo(notification, who.email, 2);
    expect(mail).toMatchObject({ subject: "Your cart is waiting for you" });
    expect(mail?.text).toContain("2 × SKU-1");
    expect(mail?.headers["list-unsubscribe"]).toMatch(
      /^<http:\/\/127\.0\.0\.1:8007\/notification\/unsubscribe\/[\w-]+>$/,
    );
    await cartOf(who.customerId, { cartId: cart.cartId, version: 2n, items: 1 }).tell();
    notification.clock.advance(5 * HOURS);
    await remind();
    expect(await reminders(who.customerId)).toHaveLength(2);
  });

  it("is left in peace when it is empty, nobody's, bought, deleted, old, or its owner wants no marketing", async () => {
    const [who, quiet] = [await registered(), await registered()];
    const categories = [{ category: "NOTIFICATION_CATEGORY_MARKETING", email: false, sms: false }];
    const put = { method: "PUT", as: notification.tokens.customer(quiet.customerId), body: { categories } };
    expect((await notification.http(`/notification/preferences/${quiet.customerId}`, put)).status).toBe(200);
    await cartOf(who.customerId, { items: 0 }).tell();
    await cartOf("").tell();
    await cartOf(who.customerId, { status: CartStatus.CHECKED_OUT, change: CartChange.CHECKED_OUT }).tell();
    await cartOf(who.customerId, { change: CartChange.DELETED }).tell();
    const bought = cartOf(who.customerId);
    await bought.tell();
    await notification.deliver(OrderConfirmedSchema, orderFor(who.customerId, { cartId: bought.cartId }).common);
    const early = cartOf(who.customerId);
    await notification.deliver(OrderConfirmedSchema, orderFor(who.customerId, { cartId: early.cartId }).common);
    await early.tell();
    await cartOf(quiet.customerId).tell();
    notification.clock.advance(5 * HOURS);
    await remind();
    expect(await reminders(who.customerId)).toEqual([]);
    expect(await reminders(quiet.customerId)).toMatchObject([{ status: "SUPPRESSED", reason: "switched off" }]);
    await cartOf(who.customerId).tell();
    notification.clock.advance(10 * 24 * HOURS);
    await remind();
    expect(await reminders(who.customerId)).toEqual([]);
  });

  it("at night is reminded of in the morning, unless it was bought meanwhile", async () => {
    const [sleeper, buyer] = [await registered(), await registered()];
    // A quiet time that begins before now and ends in two hours, where the clock of the test stands.
    const hour = (plus: number) =>
      `${String((notification.clock.now().getUTCHours() + plus + 24) % 24).padStart(2, "0")}:00`;
    const carts = [];
    for (const { customerId } of [sleeper, buyer]) {
      const put = {
        method: "PUT",
        as: notification.tokens.customer(customerId),
        body: { quietHours: { start: hour(4), end: hour(7) } },
      };
      expect((await notification.http(`/notification/preferences/${customerId}`, put)).status).toBe(200);
      const cart = cartOf(customerId);
      await cart.tell();
      carts.push(cart);
    }
    notification.clock.advance(5 * HOURS);
    await remind();
    for (const { customerId } of [sleeper, buyer])
      expect(await reminders(customerId)).toMatchObject([{ status: "PENDING", reason: "quiet hours" }]);
    await notification.deliver(OrderConfirmedSchema, orderFor(buyer.customerId, { cartId: carts[1]?.cartId }).common);
    notification.clock.advance(3 * HOURS);
    await mailsTo(notification, sleeper.email, 2);
    expect(await reminders(buyer.customerId)).toMatchObject([
      { status: "SUPPRESSED", reason: "the cart was checked out" },
    ]);
  });
});
