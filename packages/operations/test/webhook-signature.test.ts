import { isSignedWebhook, REPLAY_WINDOW_MS, signWebhook } from "@tandem/operations";
import { describe, expect, it } from "vitest";

const now = new Date("2026-11-21T10:00:00Z");
const secret = "whsec_only_for_tests";
const body = new TextEncoder().encode('{"a":1}');
const good = signWebhook(secret, body, now);
const check = (over: Partial<Parameters<typeof isSignedWebhook>[0]> = {}) =>
  isSignedWebhook({ header: good, body, secret, now, ...over });

describe("a webhook's signature", () => {
  it("is good for its body, its key and five minutes", () => {
    expect(check()).toBe(true);
    expect(check({ body: new TextEncoder().encode('{"a":2}') })).toBe(false);
    expect(check({ secret: "another" })).toBe(false);
    for (const sign of [1, -1]) {
      expect(check({ now: new Date(now.getTime() + sign * REPLAY_WINDOW_MS) })).toBe(true);
      expect(check({ now: new Date(now.getTime() + sign * (REPLAY_WINDOW_MS + 1_000)) })).toBe(false);
    }
  });

  it("may be one of several while a key is changed", () => {
    const other = signWebhook("the next one", body, now);
    expect(check({ header: `${other},${good.split(",")[1]}` })).toBe(true);
  });

  it.each(["", "t=1", "v1=00", `${good},`, ` ${good}`, good.toUpperCase(), `t=${"9".repeat(12)},v1=${"0".repeat(64)}`])(
    "is not %j",
    (header) => {
      expect(check({ header })).toBe(false);
    },
  );
});
