import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CustomerUpdatedSchema } from "@tandem/contracts/customer";
import { ShipmentDispatchedSchema } from "@tandem/contracts/shipping";
import { AppError, newId, systemClock } from "@tandem/kernel";
import { createLocalInbox } from "@tandem/local-inbox";
import { createOutbox } from "@tandem/messaging";
import { createMetrics } from "@tandem/runtime";
import { captureLog, pollUntil } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type DeliverNotificationDeps, makeDeliverNotification } from "../src/biz/deliver-notification.ts";
import type { MessageSender } from "../src/biz/ports.ts";
import { createSenderBreaker, guardSender } from "../src/client/guarded-sender.ts";
import { createSmsSender } from "../src/client/sms-sender.ts";
import { createSmtpSender, type SmtpSender } from "../src/client/smtp-sender.ts";
import { makeDeliveryLog } from "../src/data/delivery-log.ts";
import { makeDeliveryQueue } from "../src/data/delivery-queue.ts";
import { providerUnavailable } from "../src/model/errors.ts";
import { createDeliveryWorker } from "../src/worker/delivery-worker.ts";
import { at, type Harness, mailsTo, rowsOf, startHarness, story } from "./harness.ts";

let notification: Harness;
beforeAll(async () => {
  // No worker of its own: each test moves what it means to.
  notification = await startHarness({ startWorkers: false });
});
afterAll(() => notification[Symbol.asyncDispose]());

const open: SmtpSender[] = [];
const smtpTo = (url: string) => {
  const sender = createSmtpSender({ url, from: { name: "Tandem", address: "shop@tandem.invalid" }, timeoutMs: 10_000 });
  open.push(sender);
  return sender;
};
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

const policy = { maxAttempts: 5, minDelayMs: 1, maxDelayMs: 5 };
const deliverWith = (sender: MessageSender, over: Partial<DeliverNotificationDeps> = {}) =>
  makeDeliverNotification({
    deliveries: makeDeliveryLog(
      notification.database,
      createOutbox({ database: notification.database, source: "notification" }),
    ),
    senders: new Map([
      ["EMAIL", sender],
      ["SMS", sender],
    ]),
    clock: notification.clock,
    sendTimeoutMs: 30_000,
    policy,
    ...over,
  });

/** As one process would run it. */
const workerWith = (deliver: ReturnType<typeof deliverWith>, over: { readonly concurrency?: number } = {}) => {
  const { log } = captureLog();
  return createDeliveryWorker({
    queue: makeDeliveryQueue(notification.database),
    deliver,
    clock: { now: () => new Date(Math.max(systemClock.now().getTime(), notification.clock.now().getTime())) },
    log,
    metrics: createMetrics({ service: "test" }),
    channels: () => [{ channel: "EMAIL", well: true }],
    maxPollMs: 5,
    ...over,
  });
};
const claim = async (leaseMs = 60_000) => {
  const channels = ["EMAIL" as const];
  return makeDeliveryQueue(notification.database).claim({
    limit: 100,
    leaseMs,
    now: notification.clock.now(),
    channels,
  });
};
const clear = () => notification.database.query("delete from notification where status in ('PENDING', 'SENDING')");

/** Somebody whose order is confirmed: two mails that are due. */
const due = async () => {
  const one = story(notification);
  await one.registered();
  await one.confirmed();
  return one;
};
const statusesOf = async (customerId: string) => (await rowsOf(notification, customerId)).map(({ status }) => status);
const sentEvents = async (customerId: string) => {
  const rows = await rowsOf(notification, customerId);
  return (await Promise.all(rows.map(({ id }) => notification.topics(id)))).flat();
};

describe("sending", () => {
  it("happens once, however many workers there are", async () => {
    await clear();
    const people = await Promise.all(Array.from({ length: 15 }, () => due()));
    const sender = smtpTo(notification.inbox.smtpUrl);
    const workers = Array.from({ length: 20 }, () => workerWith(deliverWith(sender), { concurrency: 3 }));
    for (const one of workers) await one.start(new AbortController().signal);
    for (const { email } of people) await mailsTo(notification, email, 2);
    await pollUntil(async () =>
      (await Promise.all(people.map(({ customerId }) => statusesOf(customerId)))).flat().every((one) => one === "SENT"),
    );
    await Promise.all(workers.map((one) => one.stop()));
    for (const { email, customerId } of people) {
      const mails = notification.inbox.messages({ to: email });
      expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(2);
      expect(mails).toHaveLength(2);
      expect(await sentEvents(customerId)).toEqual(["notification.sent", "notification.sent"]);
    }
  });

  it("that dies between the mail server's answer and the mark is done again by the job, under the same Message-ID", async () => {
    await clear();
    const one = await due();
    const dying = deliverWith(smtpTo(notification.inbox.smtpUrl), {
      beforeMark: () => {
        throw new Error("killed");
      },
    });
    for (const leased of await claim(0)) await expect(dying(leased)).rejects.toThrow("killed");
    expect(await statusesOf(one.customerId)).toEqual(["SENDING", "SENDING"]);
    expect(await notification.runJob("notification.delivery-retry")).toMatchObject({ recovered: 2 });
    const again = deliverWith(smtpTo(notification.inbox.smtpUrl));
    for (const leased of await claim()) expect(await again(leased)).toBe("sent");
    const mails = await mailsTo(notification, one.email, 4);
    expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(2);
    expect(mails.map(({ copy }) => copy).sort()).toEqual([0, 0, 1, 1]);
    expect(await sentEvents(one.customerId)).toEqual(["notification.sent", "notification.sent"]);
    expect((await rowsOf(notification, one.customerId)).map(({ attempts }) => attempts)).toEqual([2, 2]);
  });

  it("says why it gives a message up", async () => {
    await clear();
    const one = await due();
    const refusal = new AppError("failed_precondition", "test.refused", "no", { cause: new Error("the cause") });
    const given: unknown[] = [];
    const refusing = deliverWith(
      { send: () => Promise.reject(refusal) },
      { onGivenUp: ({ id }, error) => given.push([id, error]) },
    );
    const claimed = await claim();
    for (const leased of claimed) expect(await refusing(leased)).toBe("failed");
    expect(given).toEqual(claimed.map(({ notification: { id } }) => [id, refusal]));
    expect(await statusesOf(one.customerId)).toEqual(["FAILED", "FAILED"]);
  });

  it("is marked as done when the database is back, without a second mail", async () => {
    await clear();
    const one = await due();
    const real = makeDeliveryLog(
      notification.database,
      createOutbox({ database: notification.database, source: "notification" }),
    );
    let away = 2;
    const deliveries: typeof real = {
      finish: (...args) => {
        away -= 1;
        return away >= 0
          ? Promise.reject(new AppError("unavailable", "postgres.unavailable", "away"))
          : real.finish(...args);
      },
    };
    const deliver = deliverWith(smtpTo(notification.inbox.smtpUrl), { deliveries });
    for (const leased of await claim()) expect(await deliver(leased)).toBe("sent");
    const never = deliverWith(smtpTo(notification.inbox.smtpUrl), {
      deliveries: { finish: () => Promise.reject(new AppError("unavailable", "postgres.unavailable", "away")) },
      markWithinMs: 50,
    });
    await one.cancelled();
    for (const leased of await claim()) await expect(never(leased)).rejects.toThrow("away");
    expect(notification.inbox.messages({ to: one.email })).toHaveLength(3);
    expect((await statusesOf(one.customerId)).sort()).toEqual(["SENDING", "SENT", "SENT"]);
  });

  it("of marketing is not done again when its sender died", async () => {
    await clear();
    const one = await due();
    await notification.database.query("update notification set category = 'MARKETING' where customer_id = $1", [
      one.customerId,
    ]);
    await claim(0);
    expect(await notification.runJob("notification.delivery-retry")).toMatchObject({
      recovered: 0,
      failed: 2,
    });
    expect(await sentEvents(one.customerId)).toEqual(["notification.failed", "notification.failed"]);
  });

  it("whose lease ran out writes nothing", async () => {
    await clear();
    const one = await due();
    const stale = await claim(0);
    await notification.runJob("notification.delivery-retry");
    const fresh = await claim();
    const deliver = deliverWith(smtpTo(notification.inbox.smtpUrl));
    for (const leased of fresh) expect(await deliver(leased)).toBe("sent");
    for (const leased of stale) expect(await deliver(leased)).toBe("stale");
    expect(await sentEvents(one.customerId)).toHaveLength(2);
  });

  it("waits for a mail server that is down, and costs no message", async () => {
    await clear();
    const one = await due();
    const first = await createLocalInbox({ smtpPort: 0, httpPort: 0 });
    const url = first.smtpUrl;
    await first[Symbol.asyncDispose]();
    const worker = workerWith(deliverWith(smtpTo(url), { policy: { ...policy, maxAttempts: 1_000 } }));
    await worker.start(new AbortController().signal);
    await pollUntil(async () =>
      (await rowsOf(notification, one.customerId)).every(
        ({ attempts, status }) => attempts > 1 && status === "PENDING",
      ),
    );
    const second = await createLocalInbox({ smtpPort: Number(new URL(url).port), httpPort: 0 });
    await pollUntil(async () => (await statusesOf(one.customerId)).every((status) => status === "SENT"));
    await worker.stop();
    expect(second.messages({ to: one.email })).toHaveLength(2);
    await second[Symbol.asyncDispose]();
  });
});

describe("the SMS provider", () => {
  const answering = async (answer: (request: IncomingMessage, response: ServerResponse) => void) => {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/messages`;
    return {
      sender: createSmsSender({ url, token: "secret", sender: "Tandem" }),
      close: () => {
        server.closeAllConnections();
        server.close();
      },
    };
  };
  const message = { id: newId(), address: "+491701234567", subject: "", text: "hello", html: "", unsubscribeUrl: "" };
  const send = (sender: MessageSender, ms = 2_000, over = {}) =>
    sender.send({ ...message, ...over }, AbortSignal.timeout(ms));

  it.each([
    [429, true],
    [500, true],
    [503, true],
    [401, true],
    [400, false],
    [422, false],
    [302, true],
  ])("that answers %d: later is %s", async (status, retryable) => {
    const { sender, close } = await answering((_, response) =>
      response.writeHead(status, { "retry-after": "7", location: "/" }).end(),
    );
    await expect(send(sender)).rejects.toMatchObject({
      retryable,
      ...(status === 429 ? { cause: { retryAfterMs: 7_000 } } : {}),
    });
    close();
  });

  it("that is slow is not waited for", async () => {
    const { sender, close } = await answering(() => {});
    await expect(send(sender, 50)).rejects.toMatchObject({ code: "notification.provider_unavailable" });
    close();
  });

  it("is asked under the message's id, and never for a number that is none", async () => {
    const seen: unknown[] = [];
    const { sender, close } = await answering((request, response) => {
      seen.push(request.headers["idempotency-key"], request.headers.authorization);
      response.writeHead(202, { "content-type": "application/json" }).end('{"id":"p-1"}');
    });
    expect(await send(sender)).toBe("p-1");
    expect(seen).toEqual([message.id, "Bearer secret"]);
    await expect(send(sender, 2_000, { address: "0170 1234567" })).rejects.toMatchObject({
      code: "notification.rejected",
    });
    close();
  });

  it("takes a message once, however often it is sent", async () => {
    const sender = createSmsSender({ url: notification.inbox.smsUrl, sender: "Tandem" });
    const ids = [await send(sender), await send(sender)];
    expect(ids[0]).toBe(ids[1]);
    expect(notification.inbox.messages({ to: message.address })).toHaveLength(1);
  });

  it("gets what the customer asked for by SMS", async () => {
    await clear();
    const one = await due();
    const customer = {
      customerId: one.customerId,
      email: one.email,
      phone: "+436641234567",
      displayName: "Ada",
      locale: "de-AT",
      timeZone: "Europe/Vienna",
    };
    await notification.deliver(CustomerUpdatedSchema, {
      customerId: one.customerId,
      aggregateVersion: 2n,
      occurredAt: at,
      customer,
    });
    const categories = [{ category: "NOTIFICATION_CATEGORY_ORDER", email: true, sms: true }];
    const put = { method: "PUT", as: notification.tokens.customer(one.customerId), body: { categories, version: "0" } };
    expect((await notification.http(`/notification/preferences/${one.customerId}`, put)).status).toBe(200);
    const shipment = {
      shipmentId: newId(),
      aggregateVersion: 1n,
      occurredAt: at,
      orderId: one.orderId,
      sellerId: newId(),
      carrier: "DHL",
      trackingNumber: "JD1",
    };
    await notification.deliver(ShipmentDispatchedSchema, {
      ...shipment,
      lines: [{ productId: one.productId, quantity: 2 }],
    });
    const sms = (await rowsOf(notification, one.customerId)).find(({ channel }) => channel === "SMS");
    expect(sms).toMatchObject({ template: "shipment.dispatched", status: "PENDING" });
    const queue = makeDeliveryQueue(notification.database);
    const deliver = deliverWith(createSmsSender({ url: notification.inbox.smsUrl, sender: "Tandem" }));
    for (const leased of await queue.claim({
      limit: 9,
      leaseMs: 9_999,
      now: notification.clock.now(),
      channels: ["SMS"],
    })) {
      expect(await deliver(leased)).toBe("sent");
    }
    const [message] = notification.inbox.messages({ to: "+436641234567" });
    expect(message?.text).toMatch(/^Tandem: Ein Paket der Bestellung [0-9A-F]{8} ist mit DHL unterwegs, JD1\.$/);
  });
});

describe("a provider that keeps failing", () => {
  it("is left alone, which costs the messages no try", async () => {
    await clear();
    const one = await due();
    const { log } = captureLog();
    const metrics = createMetrics({ service: "test" });
    const breaker = createSenderBreaker("EMAIL", { log, metrics });
    const down: MessageSender = { send: async () => Promise.reject(providerUnavailable("down")) };
    const guarded = guardSender(down, breaker);
    for (let n = 0; n < 5; n += 1)
      await guarded
        .send(
          { ...one, id: newId(), address: "", subject: "", text: "", html: "", unsubscribeUrl: "" },
          AbortSignal.timeout(1_000),
        )
        .catch(() => {});
    expect(breaker.state).toBe("open");
    for (const leased of await claim()) expect(await deliverWith(guarded)(leased)).toBe("refused");
    const rows = await rowsOf(notification, one.customerId);
    expect(rows.map(({ attempts, status }) => ({ attempts, status }))).toEqual([
      { attempts: 0, status: "PENDING" },
      { attempts: 0, status: "PENDING" },
    ]);
    expect(await metrics.text()).toMatch(/tandem_notification_circuit_open\{[^}]*channel="EMAIL"[^}]*\} 1/);
  });
});
