import { newId } from "@tandem/kernel";
import { signWebhook } from "@tandem/operations";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Harness, startHarness, testOrder, updated, WEBHOOK_SECRET } from "./harness.ts";

let payment: Harness;
beforeAll(async () => {
  payment = await startHarness();
});
afterAll(() => payment[Symbol.asyncDispose]());

const bytes = (text: string) => new TextEncoder().encode(text);
const PATH = "/payment-webhooks/simulated";
const post = (body: string, signature?: string, path = PATH) =>
  payment.http(path, {
    method: "POST",
    body,
    headers: signature === undefined ? {} : { "webhook-signature": signature },
  });
const signed = (body: string, at = new Date()) => signWebhook(WEBHOOK_SECRET, bytes(body), at);
const decided = (operationId: string, id = `evt_${newId()}`) =>
  JSON.stringify({ id, type: "operation.decided", operationId });
const stored = async () =>
  (await payment.database.query<{ event_id: string; status: string }>("select * from provider_webhook")).rows;

describe("a webhook", () => {
  beforeEach(() => payment.database.query("delete from provider_webhook"));

  it("makes the operation due that it names, and is taken once", async () => {
    const order = testOrder("tok_late");
    await payment.deliver(...updated(order, "STOCK_RESERVED"));
    // Nobody would ask for an hour: parked, as when it was given up.
    const operationId = await payment.database
      .query<{ id: string }>(
        `update operation o set due_at = 'infinity', token = token + 1 from payment p
         where p.id = o.payment_id and p.order_id = $1 returning o.id`,
        [order.orderId],
      )
      .then(({ rows }) => rows[0]?.id ?? "");
    const body = decided(operationId);
    expect(await post(body, signed(body))).toMatchObject({ status: 200 });
    await payment.until(order.orderId, "payment.authorized");
    expect(await post(body, signed(body))).toMatchObject({ status: 200 });
    expect(await stored()).toMatchObject([{ status: "DONE" }]);
    expect((await payment.announced(order.orderId)).map(({ topic }) => topic)).toEqual(["payment.authorized"]);
  });

  it("cannot say that money has moved: the provider is asked", async () => {
    const order = testOrder("tok_declined");
    await payment.deliver(...updated(order, "STOCK_RESERVED"));
    await payment.until(order.orderId, "payment.failed");
    const { rows } = await payment.database.query<{ id: string }>("select id from operation");
    for (const { id } of rows) {
      const body = JSON.stringify({ id: `evt_${id}`, type: "operation.decided", operationId: id, status: "SUCCEEDED" });
      expect((await post(body, signed(body))).status).toBe(200);
    }
    expect((await payment.paymentRow(order.orderId))?.status).toBe("FAILED");
  });

  it("about an operation that is not known waits for the job, and is let go after ten tries", async () => {
    const body = decided(newId());
    expect((await post(body, signed(body))).status).toBe(200);
    expect(await stored()).toMatchObject([{ status: "OPEN", attempts: 1 }]);
    expect(await payment.runJob("payment.webhook-retry")).toEqual({ done: 0, postponed: 0, abandoned: 0 });
    for (let attempt = 2; attempt < 10; attempt += 1) {
      await payment.database.query("update provider_webhook set due_at = now()");
      expect(await payment.runJob("payment.webhook-retry")).toMatchObject({ postponed: 1 });
    }
    await payment.database.query("update provider_webhook set due_at = now()");
    expect(await payment.runJob("payment.webhook-retry")).toMatchObject({ abandoned: 1 });
    expect(await stored()).toMatchObject([{ status: "ABANDONED" }]);
  });

  it("of a kind that we do not know is kept, and asks nothing", async () => {
    const body = JSON.stringify({ id: "evt_other", type: "card.updated" });
    expect((await post(body, signed(body))).status).toBe(200);
    expect(await stored()).toMatchObject([{ event_id: "evt_other", status: "DONE" }]);
  });

  it("may be signed with two keys while one replaces the other", async () => {
    const body = decided(newId());
    const good = signed(body);
    const both = good.replace(",v1=", `,v1=${"0".repeat(64)},v1=`);
    expect((await post(body, both)).status).toBe(200);
  });
});

describe("a forged webhook", () => {
  const body = decided(newId());
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
  const forgeries: readonly [string, () => string | undefined][] = [
    ["without a signature", () => undefined],
    ["with an empty one", () => ""],
    ["with another key's", () => signWebhook("another secret 123", bytes(body), new Date())],
    ["with another body's", () => signed(`${body} `)],
    ["replayed after the window", () => signed(body, minutesAgo(6))],
    ["from the future", () => signed(body, minutesAgo(-6))],
    ["with a fresh time over an old signature", () => signed(body, minutesAgo(6)).replace(/t=\d+/, signedNow)],
    ["cut short", () => signed(body).slice(0, -2)],
    ["in capitals", () => signed(body).toUpperCase()],
    ["with a time that is no number", () => signed(body).replace(/t=\d+/, "t=NaN")],
    ["with an endless time", () => signed(body).replace(/t=\d+/, `t=${"9".repeat(400)}`)],
    ["with many guesses", () => `${signed(body).slice(0, 12)}${`,v1=${"a".repeat(64)}`.repeat(60)}`],
    ["of an older scheme", () => signed(body).replace("v1=", "v0=")],
  ];
  const signedNow = () => `t=${Math.floor(Date.now() / 1_000)}`;

  it.each(forgeries)("%s is refused and leaves nothing", async (_, forge) => {
    await payment.database.query("delete from provider_webhook");
    const answer = await post(body, forge());
    expect(answer).toMatchObject({ status: 401, json: { error: "payment.webhook_signature_invalid" } });
    expect(await stored()).toEqual([]);
  });

  it("to a provider that we do not have is not found", async () => {
    expect((await post(body, signed(body), "/payment-webhooks/other")).status).toBe(404);
    expect((await post(body, signed(body), "/payment-webhooks/..%2fsimulated")).status).toBeGreaterThanOrEqual(400);
  });

  it.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["null", "null"],
    ["no id", `{"type":"operation.decided","operationId":"${newId()}"}`],
    ["an id that breaks out", `{"id":"x'; drop table payment;--","type":"a"}`],
    ["a NUL", '{"id":"evt\\u0000","type":"a"}'],
    ["an endless id", JSON.stringify({ id: "e".repeat(201), type: "a" })],
    ["no operation", '{"id":"evt_1","type":"operation.decided"}'],
    ["an operation that is none", '{"id":"evt_1","type":"operation.decided","operationId":"1"}'],
  ])("signed, with %s, is malformed", async (_, malformed) => {
    await payment.database.query("delete from provider_webhook");
    const answer = await post(malformed, signed(malformed));
    expect(answer).toMatchObject({ status: 400, json: { error: "payment.webhook_malformed" } });
    expect(await stored()).toEqual([]);
  });

  it("larger than 64 KiB is refused before anything is computed", async () => {
    const large = JSON.stringify({ id: "evt_large", type: "x".repeat(70_000) });
    expect((await post(large, signed(large))).status).toBe(400);
    expect((await post("", signed(""))).status).toBe(400);
  });
});
