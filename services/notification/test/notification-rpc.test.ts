import { CustomerChange, CustomerUpdatedSchema } from "@tandem/contracts/customer";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unsubscribeToken } from "../src/client/unsubscribe-token.ts";
import { createOverrideCache } from "../src/data/template-override-repository.ts";
import {
  at,
  type Harness,
  mailsTo,
  rowsOf,
  settledRowsOf,
  startHarness,
  story,
  UNSUBSCRIBE_SECRET,
} from "./harness.ts";

let notification: Harness;
let staff: { readonly authorization: string };
beforeAll(async () => {
  notification = await startHarness();
  staff = await notification.tokens.as("staff");
});
afterAll(() => notification[Symbol.asyncDispose]());

const get = (path: string, as: Promise<{ authorization: string }> | { authorization: string } = staff) =>
  notification.http(path, { as });
const send = (
  method: string,
  path: string,
  body: unknown,
  as: Promise<{ authorization: string }> | { authorization: string } = staff,
  headers = {},
) => notification.http(path, { method, as, body, headers });
const told = async () => {
  const one = story(notification);
  await one.registered();
  await one.confirmed();
  await mailsTo(notification, one.email, 2);
  const rows = await settledRowsOf(notification, one.customerId);
  return { ...one, confirmationId: rows.find(({ template }) => template === "order.confirmed")?.id ?? "" };
};

describe("notifications", () => {
  it("are shown as they were written", async () => {
    const one = await told();
    const { json } = await get(`/notifications/${one.confirmationId}`);
    expect(json.data).toMatchObject({
      notification: {
        template: "order.confirmed",
        status: "NOTIFICATION_STATUS_SENT",
        channel: "NOTIFICATION_CHANNEL_EMAIL",
        orderId: one.orderId,
        locale: "en",
        attempts: 1,
      },
      message: { address: one.email, text: expect.stringContaining("Hello Ada Lovelace") },
    });
  });

  it("are listed by customer, order and status, by cursor and by offset", async () => {
    const one = await told();
    const path = `/notifications?customerId=${one.customerId}`;
    const first = await get(`${path}&page.limit=1`);
    expect(first.json.data.notifications).toMatchObject([{ template: "order.confirmed" }]);
    const second = await get(`${path}&page.limit=1&page.cursor=${first.json.data.page.nextCursor}`);
    expect(second.json.data.notifications).toMatchObject([{ template: "auth.user_registered" }]);
    expect((await get(`${path}&page.offset=1`)).json.data).toMatchObject({
      notifications: [{ template: "auth.user_registered" }],
      page: { total: "2" },
    });
    expect((await get(`/notifications?orderId=${one.orderId}`)).json.data.notifications).toHaveLength(1);
    expect((await get(`${path}&status=NOTIFICATION_STATUS_FAILED`)).json.data.notifications ?? []).toEqual([]);
  });

  it("are their person's: for another there are none", async () => {
    const one = await told();
    const [own, thief] = [notification.tokens.customer(one.customerId), notification.tokens.customer(newId())];
    expect((await get("/notifications", own)).json.data.notifications).toHaveLength(2);
    expect((await get(`/notifications?customerId=${one.customerId}`, thief)).json.data.notifications ?? []).toEqual([]);
    for (const id of [one.confirmationId, newId()]) {
      expect(await get(`/notifications/${id}`, thief)).toMatchObject({
        status: 404,
        json: { error: "notification.not_found" },
      });
    }
    expect((await get(`/notifications/${one.confirmationId}`, own)).status).toBe(200);
  });

  it("are sent again as a new one, with today's address, as often as asked but once per key", async () => {
    const one = await told();
    const customer = {
      customerId: one.customerId,
      email: `new-${one.email}`,
      locale: "de",
      timeZone: "UTC",
      displayName: "Ada",
    };
    await notification.deliver(CustomerUpdatedSchema, {
      customerId: one.customerId,
      aggregateVersion: 2n,
      occurredAt: at,
      change: CustomerChange.PROFILE,
      customer,
    });
    const again = (key: string) =>
      send("POST", `/notifications/${one.confirmationId}/resend`, {}, staff, { "idempotency-key": key });
    const key = newId();
    for (let n = 0; n < 2; n += 1)
      expect(await again(key)).toMatchObject({ status: 200, json: { data: { generation: 1 } } });
    expect(await again(newId())).toMatchObject({ json: { data: { generation: 2 } } });
    const mails = await mailsTo(notification, `new-${one.email}`, 2);
    expect(mails.map(({ subject }) => subject)).toEqual([
      expect.stringContaining("ist bestätigt"),
      expect.stringContaining("ist bestätigt"),
    ]);
    expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(2);
  });

  it("that are under way, or of the forgotten, are not sent again", async () => {
    const waiting = story(notification);
    await waiting.confirmed();
    const [row] = await rowsOf(notification, waiting.customerId);
    const one = await told();
    await notification.deliver(CustomerUpdatedSchema, {
      customerId: one.customerId,
      aggregateVersion: 2n,
      occurredAt: at,
      change: CustomerChange.ERASED,
    });
    const before = await notification.fingerprint();
    for (const id of [row?.id, one.confirmationId]) {
      expect(await send("POST", `/notifications/${id}/resend`, {})).toMatchObject({
        status: 409,
        json: { error: "notification.not_resendable" },
      });
    }
    expect(await send("POST", `/notifications/${newId()}/resend`, {})).toMatchObject({ status: 404 });
    expect(await notification.fingerprint()).toEqual(before);
  });
});

describe("preferences", () => {
  const path = (customerId: string) => `/notification/preferences/${customerId}`;
  const marketingOff = { categories: [{ category: "NOTIFICATION_CATEGORY_MARKETING", email: false, sms: false }] };

  it("start with what people need and no SMS, and are changed by version", async () => {
    const customerId = newId();
    const own = notification.tokens.customer(customerId);
    const initial = (await get(path(customerId), own)).json.data;
    expect(initial.version ?? "0").toBe("0");
    expect(initial.categories).toHaveLength(4);
    expect(initial.categories.every((one: { email?: boolean; sms?: boolean }) => one.email && !one.sms)).toBe(true);
    const quietHours = { start: "22:00", end: "07:00" };
    const changed = await send("PUT", path(customerId), { ...marketingOff, quietHours }, own);
    expect(changed.json.data).toMatchObject({ version: "1", quietHours });
    expect(await send("PUT", path(customerId), marketingOff, own)).toMatchObject({
      status: 409,
      json: { error: "notification.version_conflict" },
    });
    expect((await send("PUT", path(customerId), { version: "1" }, own)).json.data.quietHours).toBeUndefined();
    const twenty = await Promise.all(
      Array.from({ length: 20 }, () => send("PUT", path(customerId), { version: "2" }, own)),
    );
    expect(twenty.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it("do not switch off what people need", async () => {
    const customerId = newId();
    const before = await notification.fingerprint();
    for (const category of ["ORDER", "ACCOUNT", "SECURITY"]) {
      const body = { categories: [{ category: `NOTIFICATION_CATEGORY_${category}`, email: false, sms: true }] };
      expect(await send("PUT", path(customerId), body, notification.tokens.customer(customerId))).toMatchObject({
        json: { error: "notification.preference_locked" },
      });
    }
    expect(await notification.fingerprint()).toEqual(before);
  });

  it("are one's own", async () => {
    const customerId = newId();
    for (const as of [notification.tokens.customer(newId()), notification.tokens.seller()]) {
      expect((await get(path(customerId), as)).status).toBe(403);
      expect((await send("PUT", path(customerId), marketingOff, as)).status).toBe(403);
    }
    expect((await get(path(customerId), staff)).status).toBe(200);
  });

  it("end marketing by the link in a mail: after a question for people, at once for mail programs, again without harm", async () => {
    const customerId = newId();
    const link = `/notification/unsubscribe/${unsubscribeToken(UNSUBSCRIBE_SECRET, customerId)}`;
    const asked = await notification.http(link);
    expect(asked.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(asked.text).toContain('<form method="post">');
    expect((await get(path(customerId))).json.data.version ?? "0").toBe("0");
    for (let n = 0; n < 2; n += 1) {
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const done = await notification.http(link, { method: "POST", body: "List-Unsubscribe=One-Click", headers });
      expect(done).toMatchObject({ status: 200, text: expect.stringContaining("no more offers") });
    }
    expect((await notification.http(link, { method: "POST" })).status).toBe(200);
    const { version, categories } = (await get(path(customerId))).json.data;
    expect(version).toBe("1");
    expect(
      categories.find((one: { category: string }) => one.category === "NOTIFICATION_CATEGORY_MARKETING").email ?? false,
    ).toBe(false);
  });

  it("are not changed by a link that we did not make", async () => {
    const token = unsubscribeToken(UNSUBSCRIBE_SECRET, newId());
    const flipped = `${token[0] === "A" ? "B" : "A"}${token.slice(1)}`;
    const before = await notification.fingerprint();
    for (const bad of [flipped, `${token}A`, token.slice(0, 40), unsubscribeToken("another-secret-another", newId())]) {
      for (const method of ["GET", "POST"]) {
        expect(await notification.http(`/notification/unsubscribe/${bad}`, { method })).toMatchObject({
          status: 404,
          json: { error: "notification.unsubscribe_invalid" },
        });
      }
    }
    expect(await notification.fingerprint()).toEqual(before);
  });
});

describe("templates", () => {
  const texts = { subject: "Yes: {{orderNumber}}", text: "Dear {{customerName}}, {{total}}", html: "<b>{{total}}</b>" };
  const put = (
    locale: string,
    body: object,
    as: Promise<{ authorization: string }> | { authorization: string } = staff,
  ) => send("PUT", `/notification/templates/order.completed/locales/${locale}`, body, as);

  it("are listed with their variables, and previewed in the closest language", async () => {
    const { templates } = (await get("/notification/templates")).json.data;
    expect(templates).toHaveLength(17);
    const confirmed = templates.find((one: { name: string }) => one.name === "order.confirmed");
    expect(confirmed).toMatchObject({ locales: ["de", "en"], urgent: true, category: "NOTIFICATION_CATEGORY_ORDER" });
    const lines = confirmed.variables.find((one: { name: string }) => one.name === "lines");
    expect(lines.items.map((one: { name: string; kind: string }) => `${one.name}: ${one.kind}`)).toEqual([
      "name: text",
      "quantity: number",
      "total: money",
    ]);
    const preview = (await get("/notification/templates/order.confirmed/preview?locale=de-CH")).json.data;
    expect(preview).toMatchObject({ locale: "de", message: { subject: "Ihre Bestellung 0000ABCD ist bestätigt" } });
    expect((await get("/notification/templates/shipment.dispatched/preview")).json.data.sms).toContain("is on its way");
    expect(await get("/notification/templates/no.such/preview")).toMatchObject({
      status: 404,
      json: { error: "notification.template_not_found" },
    });
  });

  it("are rewritten by staff, version by version, and used from then on", async () => {
    expect(await put("fr-be", texts)).toMatchObject({ status: 200, json: { data: { locale: "fr-BE", version: 1 } } });
    expect(await put("fr-BE", texts)).toMatchObject({ status: 409, json: { error: "notification.version_conflict" } });
    expect(await put("fr-BE", { ...texts, subject: "Oui", version: 1 })).toMatchObject({
      json: { data: { version: 2 } },
    });
    const preview = async (locale: string) =>
      (await get(`/notification/templates/order.completed/preview?locale=${locale}`)).json.data.message.subject;
    expect(await preview("fr-BE")).toBe("Oui");
    expect(await preview("fr-FR")).toBe("Your order 0000ABCD is complete");
    const ten = await Promise.all(Array.from({ length: 10 }, () => put("it", texts)));
    expect(ten.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it("of staff are what messages are written with", async () => {
    const one = await told();
    const words = { ...texts, subject: "Checked twice: {{orderNumber}}" };
    const path = "/notification/templates/order.confirmed/locales/en-GB";
    expect((await send("PUT", path, words)).status).toBe(200);
    await send("POST", `/notifications/${one.confirmationId}/resend`, {});
    const mails = await mailsTo(notification, one.email, 3);
    expect(mails.at(-1)).toMatchObject({
      subject: expect.stringMatching(/^Checked twice: [0-9A-F]{8}$/),
      html: expect.stringContaining("<b>€64.62</b>"),
    });
  });

  it("are asked for once in a while, each name by itself", async () => {
    let asked = 0;
    const one = {
      name: "a.b",
      locale: "en",
      version: 1,
      updatedBy: "",
      updatedAt: new Date(0),
      subject: "",
      text: "",
      html: "",
    };
    const reader = {
      listCurrent: async () => {
        asked += 1;
        return [one, { ...one, name: "c.d" }];
      },
    };
    const [kept, forgotten] = [createOverrideCache(60_000), createOverrideCache(-1)];
    expect(await kept(reader).listCurrent("a.b")).toEqual([one]);
    expect(await kept(reader).listCurrent()).toHaveLength(2);
    expect(asked).toBe(1);
    await forgotten(reader).listCurrent();
    await forgotten(reader).listCurrent();
    expect(asked).toBe(3);
  });

  it.each([
    [{ text: "{{unknown}}" }, "notification.template_invalid"],
    [{ html: "{{#total}}" }, "notification.template_invalid"],
    [{ subject: "a\nb" }, "notification.template_invalid"],
    [{ subject: "" }, "request.invalid"],
    [{ text: "x".repeat(20_001) }, "request.invalid"],
    [{ version: -1 }, "request.invalid"],
    [{ color: "red" }, "request.malformed"],
  ])("are refused with %o, and nothing is stored", async (over, error) => {
    const before = await notification.fingerprint();
    expect(await put("es", { ...texts, ...over })).toMatchObject({ status: 400, json: { error } });
    expect(await notification.fingerprint()).toEqual(before);
  });
});

describe("refused", () => {
  it("without a token, with the wrong role, and with nonsense", async () => {
    const before = await notification.fingerprint();
    const customer = await notification.tokens.customer(newId());
    const operator = await notification.tokens.as("operator");
    const id = newId();
    for (const path of [
      "/notifications",
      `/notifications/${id}`,
      `/notification/preferences/${id}`,
      "/notification/templates",
    ]) {
      expect((await notification.http(path)).status).toBe(401);
    }
    const texts = { subject: "s", text: "t", html: "h" };
    for (const as of [customer, operator]) {
      expect((await send("POST", `/notifications/${id}/resend`, {}, as)).status).toBe(403);
      expect((await send("PUT", "/notification/templates/order.completed/locales/en", texts, as)).status).toBe(403);
    }
    expect((await get("/notification/templates", customer)).status).toBe(403);
    expect((await get("/notifications/not-an-id")).status).toBe(400);
    expect((await get("/notifications?page.limit=201")).status).toBe(400);
    expect((await get("/notifications?page.cursor=bm9uc2Vuc2U")).status).toBe(400);
    expect((await get("/notifications?status=99")).status).toBe(400);
    expect((await get("/notifications?nothing=1")).status).toBe(400);
    expect((await get("/notification/templates/..%2f..%2fetc/preview")).status).toBe(400);
    expect((await get("/notification/templates/order.completed/preview?locale=%3Cscript%3E")).status).toBe(400);
    const own = `/notification/preferences/${id}`;
    for (const body of [
      { quietHours: { start: "24:00", end: "07:00" } },
      { quietHours: { start: "07:00", end: "07:00" } },
      { quietHours: { start: "07:00" } },
      { categories: [{ category: "NOTIFICATION_CATEGORY_UNSPECIFIED" }] },
      { categories: [{ category: 99 }] },
      { categories: [{ category: 4 }, { category: 4 }] },
      { version: -1 },
      "{",
    ]) {
      expect(await send("PUT", own, body)).toMatchObject({ status: 400 });
    }
    expect((await notification.http("/notification/unsubscribe/short")).status).toBe(400);
    expect(await notification.fingerprint()).toEqual(before);
  });
});
