import { AppError } from "@tandem/kernel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closeCart, followCart } from "../src/model/cart.ts";
import { erase, register, unknownContact, update } from "../src/model/contact.ts";
import { abandoned, failedTry } from "../src/model/delivery.ts";
import { providerUnavailable, rejected } from "../src/model/errors.ts";
import { learnOrder } from "../src/model/known-order.ts";
import { fallbackChain, formatLocale, validTimeZone } from "../src/model/locale.ts";
import { type Notification, openNotification, writeNotification } from "../src/model/notification.ts";
import { changePreferences, defaultPreferences, unsubscribe } from "../src/model/preferences.ts";
import { endOfQuiet } from "../src/model/quiet-hours.ts";
import { checkTexts, renderTemplate, type Values } from "../src/model/template.ts";
import { parseTemplate } from "../src/model/template-syntax.ts";
import { templateCatalogue, templateNamed } from "../src/model/templates/template-catalogue.ts";

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
  return "nothing";
};

const inGerman = { locale: "de-AT", timeZone: "Europe/Vienna", customerName: "Ada" };

describe("every template", () => {
  it.each(templateCatalogue)("$name is written in English and German, and renders", (template) => {
    expect(Object.keys(template.texts)).toEqual(expect.arrayContaining(["en", "de"]));
    for (const [locale, texts] of Object.entries(template.texts)) {
      checkTexts(template, locale, texts);
      const rendered = renderTemplate(template, template.sample, { ...inGerman, locale });
      expect(rendered).toMatchObject({ locale });
      expect(`${rendered.subject}${rendered.text}${rendered.html}${rendered.sms}`).not.toMatch(
        /\{\{|undefined|\[object/,
      );
      expect(rendered.sms !== "").toBe(template.channels.includes("SMS"));
    }
  });

  it.each(templateCatalogue)("$name is not written with a hole in it", (template) => {
    for (const name of Object.keys(template.variables)) {
      const { [name]: _, ...holed } = template.sample as Record<string, Values[string]>;
      expect(codeOf(() => renderTemplate(template, holed, inGerman))).toBe("notification.variable_missing");
    }
  });
});

describe("a message", () => {
  const dispatched = templateNamed("shipment.dispatched");
  const hostile = "Ada\r\nBcc: everyone@example.com\u2028<script>alert(1)</script> & 'co' \"x\" {{orderId}}";

  it("keeps hostile names in their place: one line, no markup, no tag of their own", () => {
    const rendered = renderTemplate(
      dispatched,
      { ...dispatched.sample, carrier: hostile, trackingNumber: "1\n2", orderNumber: "X\r\nSubject: other" },
      { ...inGerman, customerName: hostile },
    );
    expect(rendered.subject).not.toMatch(/[\r\n]/);
    expect(rendered.text).not.toContain("\nBcc:");
    expect(rendered.html).not.toContain("<script");
    expect(rendered.html).toContain(
      "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#39;co&#39; &quot;x&quot; {{orderId}}",
    );
    expect(rendered.sms).not.toMatch(/[\r\n]/);
  });

  it("never has more lines than its template, whatever the values are", () => {
    const lines = (text: string) => text.split("\n").length;
    const plain = renderTemplate(dispatched, dispatched.sample, inGerman);
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (carrier, customerName) => {
        const rendered = renderTemplate(dispatched, { ...dispatched.sample, carrier }, { ...inGerman, customerName });
        expect(lines(rendered.text)).toBe(lines(plain.text));
        expect(rendered.html.match(/<[a-z/!]/g)).toEqual(plain.html.match(/<[a-z/!]/g));
      }),
    );
  });

  it("prints amounts of any size exactly, and dates of the customer's zone", () => {
    const print = (currency: string, minor: string, locale: string) =>
      renderTemplate(
        templateNamed("order.completed"),
        { orderId: "o", orderNumber: "n", total: { currency, minor } },
        { locale, timeZone: "UTC", customerName: "" },
      ).text;
    expect(print("EUR", "6462", "de-DE")).toContain("64,62\u00a0€");
    expect(print("EUR", "6462", "en-GB")).toContain("€64.62");
    expect(print("JPY", "6462", "en")).toContain("¥6,462");
    expect(print("EUR", "-5", "en")).toContain("-€0.05");
    expect(print("EUR", "900719925474099307", "en")).toContain("€9,007,199,254,740,993.07");
    const locked = templateNamed("auth.login_locked");
    const at = { failedAttempts: 5, ip: "", lockedUntil: "2026-07-01T22:30:00Z" };
    expect(renderTemplate(locked, at, { ...inGerman, timeZone: "Europe/Vienna" }).text).toContain(
      "2. Juli 2026 um 00:30",
    );
    expect(renderTemplate(locked, at, { ...inGerman, locale: "en-US", timeZone: "America/New_York" }).text).toMatch(
      /July 1, 2026 at 6:30.PM/,
    );
  });

  it.each([
    [{ total: "x" }, "no amount"],
    [{ total: { currency: "EUR", minor: "1.5" } }, "no amount"],
    [{ orderNumber: 5 }, "no text"],
  ])("is not written with %o", (over, problem) => {
    const values = { orderId: "o", orderNumber: "n", total: { currency: "EUR", minor: "1" }, ...over } as Values;
    expect(() => renderTemplate(templateNamed("order.completed"), values, inGerman)).toThrow(problem);
  });

  it("is written in the closest language that there is, staff's words before ours", () => {
    const welcome = templateNamed("auth.user_registered");
    const texts = { subject: "Servus", text: "Servus", html: "<p>Servus</p>" };
    const subject = (locale: string, overrides = new Map([["de-AT", texts]])) =>
      renderTemplate(welcome, {}, { ...inGerman, locale, overrides }).subject;
    expect(subject("de-AT")).toBe("Servus");
    expect(subject("de-CH")).toBe("Willkommen bei Tandem");
    expect(subject("fr")).toBe("Welcome to Tandem");
    expect(fallbackChain("de_at")).toEqual(["de-AT", "de", "en"]);
    expect(fallbackChain("; drop")).toEqual(["en"]);
    expect(fallbackChain("")).toEqual(["en"]);
    expect(formatLocale("fr-FR", "en")).toBe("en");
    expect(validTimeZone("Moon/Base")).toBe("UTC");
  });

  it("of marketing ends with the way out, in text and HTML", () => {
    const cart = templateNamed("cart.abandoned");
    const rendered = renderTemplate(cart, cart.sample, { ...inGerman, unsubscribeUrl: "https://shop/u/1?a&b" });
    expect(rendered.text).toContain("Keine Angebote mehr per E-Mail: https://shop/u/1?a&b");
    expect(rendered.html).toContain('href="https://shop/u/1?a&amp;b"');
  });
});

describe("what staff writes", () => {
  it.each([
    ["{{unknown}}", "there is no variable unknown"],
    ["{{#lines}}x", "is not closed"],
    ["{{/lines}}", "closes what is not open"],
    ["{{{total}}}", "is no tag"],
    ["{{total | raw}}", "is no tag"],
    ["{{lines}}", "lines is a list"],
    ["{{#lines}}{{nothing}}{{/lines}}", "there is no variable nothing"],
    ["{{__proto__}}", "is no tag"],
    ["{{constructor}}", "there is no variable constructor"],
  ])("is refused: %s", (text, problem) => {
    const texts = { subject: "s", text, html: "<p></p>" };
    expect(() => checkTexts(templateNamed("order.confirmed"), "en", texts)).toThrow(problem);
  });

  it("may branch on empty texts", () => {
    const texts = { subject: "s", text: "{{#other}}late{{/other}}{{^other}}not late{{/other}}", html: "" };
    checkTexts(templateNamed("order.cancelled"), "en", texts);
    expect(parseTemplate("text", texts.text)).toHaveLength(2);
  });

  it("needs an SMS where there is one, and a subject of one line", () => {
    const texts = { subject: "s", text: "t", html: "h" };
    expect(() => checkTexts(templateNamed("shipment.delivered"), "en", texts)).toThrow("by SMS too");
    expect(() => checkTexts(templateNamed("auth.user_registered"), "en", { ...texts, subject: "a\nBcc: b" })).toThrow(
      "one line",
    );
  });
});

describe("quiet hours", () => {
  const night = { start: "22:00", end: "07:00" };
  it.each([
    ["2026-11-21T21:30:00Z", night, "Europe/Berlin", "2026-11-22T06:00:00Z"],
    ["2026-11-21T20:30:00Z", night, "Europe/Berlin", "2026-11-21T20:30:00Z"],
    ["2026-11-22T05:59:59Z", night, "Europe/Berlin", "2026-11-22T06:00:00Z"],
    ["2026-11-22T06:00:00Z", night, "Europe/Berlin", "2026-11-22T06:00:00Z"],
    ["2026-11-21T12:10:00Z", { start: "12:00", end: "13:30" }, "UTC", "2026-11-21T13:30:00Z"],
    // The night of 29 March has no hour from two to three; that of 25 October has it twice.
    ["2026-03-28T22:00:00Z", night, "Europe/Berlin", "2026-03-29T05:00:00Z"],
    ["2026-10-24T22:00:00Z", night, "Europe/Berlin", "2026-10-25T06:00:00Z"],
    ["2026-03-29T00:30:00Z", { start: "22:00", end: "02:30" }, "Europe/Berlin", "2026-03-29T01:00:00Z"],
    ["2026-10-25T00:10:00Z", { start: "22:00", end: "02:30" }, "Europe/Berlin", "2026-10-25T00:30:00Z"],
    ["2026-10-25T01:10:00Z", { start: "22:00", end: "02:30" }, "Europe/Berlin", "2026-10-25T01:30:00Z"],
    // Half an hour is set here.
    ["2026-10-03T13:00:00Z", night, "Australia/Lord_Howe", "2026-10-03T20:00:00Z"],
    ["2026-11-21T18:00:00Z", night, "Asia/Kolkata", "2026-11-22T01:30:00Z"],
  ])("at %s with %o in %s: until %s", (now, hours, zone, until) => {
    expect(endOfQuiet(new Date(now), hours, zone)).toEqual(new Date(until));
  });

  it("end at the first moment that the wall's clock calls loud", () => {
    const zones = fc.constantFrom("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC");
    const time = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }));
    const text = ([h, m]: readonly [number, number]) => `${String(h).padStart(2, "0")}:${String(m).padStart(2, "0")}`;
    // Around the days on which clocks are set.
    const moments = fc
      .tuple(
        fc.constantFrom("2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"),
        fc.integer({ min: -1440, max: 1440 }),
      )
      .map(([day, minutes]) => new Date(Date.parse(day) + minutes * 60_000));
    fc.assert(
      fc.property(moments, zones, time, time, (now, zone, from, to) => {
        fc.pre(text(from) !== text(to));
        const hours = { start: text(from), end: text(to) };
        const end = endOfQuiet(now, hours, zone);
        expect(endOfQuiet(end, hours, zone)).toEqual(end);
        if (end > now) expect(endOfQuiet(new Date(end.getTime() - 60_000), hours, zone)).toEqual(end);
        expect(end.getTime() - now.getTime()).toBeLessThan(26 * 3_600_000);
      }),
      { numRuns: 200 },
    );
  });
});

describe("news in any order", () => {
  const facts = (n: number) => ({
    email: `${n}@x.example`,
    phone: "",
    displayName: `n${n}`,
    locale: "en",
    timeZone: "UTC",
  });
  const steps = [
    (c: ReturnType<typeof unknownContact>) => register(c, facts(0)),
    ...[1, 2, 3].map((n) => (c: ReturnType<typeof unknownContact>) => update(c, BigInt(n), facts(n))),
  ];
  it("make the same contact", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 0, 1, 2, 3], { minLength: 8, maxLength: 8 }), (order) => {
        const contact = order.reduce((c, at) => steps[at]?.(c) ?? c, unknownContact("c"));
        expect(contact).toMatchObject({ state: "KNOWN", email: "3@x.example", version: 3n });
      }),
    );
  });

  it("never bring back who was erased", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), (order) => {
        const contact = order.reduce((c, at) => (at === 4 ? erase(c, 9n) : (steps[at]?.(c) ?? c)), unknownContact("c"));
        expect(contact).toMatchObject({ state: "ERASED", email: "", displayName: "" });
      }),
    );
  });

  it("make the same order, and forget no product's name", () => {
    const news = (version: bigint, ...names: string[]) => ({
      orderId: "o",
      customerId: "c",
      lines: names.map((name) => ({ productId: name, name: `${name}${version}` })),
      version,
    });
    const empty = { orderId: "o", customerId: undefined, lines: [], version: 0n };
    const [a, b] = [news(1n, "x", "y"), news(2n, "x")];
    for (const order of [
      [a, b],
      [b, a],
      [b, a, b],
    ]) {
      const known = order.reduce((before, one) => learnOrder(before, one), empty as ReturnType<typeof learnOrder>);
      expect(known.version).toBe(2n);
      expect(Object.fromEntries(known.lines.map(({ productId, name }) => [productId, name]))).toEqual({
        x: "x2",
        y: "y1",
      });
    }
  });

  it("never open a closed cart again", () => {
    const cart = (version: bigint) => ({
      id: "k",
      customerId: "c",
      state: "OPEN" as const,
      items: [{ sku: "s", quantity: 1 }],
      version,
      eventId: `e${version}`,
      changedAt: new Date(0),
      remindedVersion: 0n,
    });
    expect(followCart(closeCart(undefined, "k", new Date(0)), cart(5n)).state).toBe("CLOSED");
    expect(followCart(closeCart(cart(2n), "k", new Date(0)), cart(5n)).state).toBe("CLOSED");
    expect(followCart(cart(2n), cart(1n)).version).toBe(2n);
    expect(followCart({ ...cart(1n), remindedVersion: 1n }, cart(2n))).toMatchObject({
      version: 2n,
      remindedVersion: 1n,
    });
  });
});

describe("preferences", () => {
  it("let nobody switch off what they need", () => {
    for (const category of ["ORDER", "ACCOUNT", "SECURITY"] as const) {
      const channels = new Map([[category, { EMAIL: false, SMS: true }]]);
      expect(codeOf(() => changePreferences(defaultPreferences("c"), { channels, quietHours: undefined }))).toBe(
        "notification.preference_locked",
      );
    }
  });

  it("end marketing once and for all channels", () => {
    const after = unsubscribe(defaultPreferences("c"));
    expect(after.channels.MARKETING).toEqual({ EMAIL: false, SMS: false });
    expect(unsubscribe(after)).toBe(after);
  });
});

describe("a try", () => {
  const now = new Date("2026-11-21T10:00:00Z");
  const policy = { maxAttempts: 5, minDelayMs: 1_000, maxDelayMs: 60_000 };
  const template = templateNamed("shipment.dispatched");
  const opened = openNotification(
    { causeEventId: "e", template, orderId: "o", variables: template.sample },
    { id: "n", channel: "EMAIL", now },
  );
  const sending = (over: Partial<Notification> = {}): Notification => ({
    ...opened,
    status: "SENDING",
    attempts: 1,
    ...over,
  });
  const fail = (error: unknown, over: Partial<Notification> = {}) =>
    failedTry(sending(over), { error, now, policy, random: 1 });

  it("that may work later is made again, later each time, until the tries are used up", () => {
    const delays = [1, 2, 3, 4].map(
      (attempts) => fail(providerUnavailable("421 busy"), { attempts }).dueAt.getTime() - now.getTime(),
    );
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(fail(providerUnavailable("421 busy"), { attempts: 5 })).toMatchObject({
      status: "FAILED",
      reason: "421 busy",
    });
    expect(fail(new Error("odd")).status).toBe("PENDING");
  });

  it("waits as long as the provider asks for", () => {
    expect(fail(providerUnavailable("429", { retryAfterMs: 30_000 })).dueAt.getTime() - now.getTime()).toBe(30_000);
  });

  it("that is refused for good is the last, and its reason names nobody", () => {
    expect(fail(rejected("550 <ada@example.com> unknown"))).toMatchObject({
      status: "FAILED",
      reason: "550 <(address)> unknown",
    });
  });

  it("whose sender died is repeated where people need the message, and not where it only bothers twice", () => {
    expect(abandoned(sending(), now, policy).status).toBe("PENDING");
    expect(abandoned(sending({ attempts: 5 }), now, policy).status).toBe("FAILED");
    expect(abandoned(sending({ category: "MARKETING" }), now, policy).status).toBe("FAILED");
    expect(abandoned(sending({ category: "MARKETING", channel: "SMS" }), now, policy).status).toBe("PENDING");
  });

  it("writes nothing before the contact is known, and nothing for the erased", () => {
    const contact = unknownContact("c");
    const context = {
      template,
      contact,
      preferences: defaultPreferences("c"),
      overrides: new Map(),
      productNames: new Map(),
      unsubscribeUrl: undefined,
      now,
    };
    expect(writeNotification(opened, context)).toBe(opened);
    expect(writeNotification(opened, { ...context, contact: erase(contact, 1n) })).toMatchObject({
      status: "SUPPRESSED",
      variables: {},
    });
    const holed = { ...opened, variables: { lines: [{ productId: "p", quantity: 1 }] } };
    const known = update(contact, 1n, { email: "a@x.example", phone: "", displayName: "", locale: "", timeZone: "" });
    expect(writeNotification(holed, { ...context, contact: known })).toMatchObject({
      status: "FAILED",
      reason: expect.stringContaining("not written"),
    });
  });
});
