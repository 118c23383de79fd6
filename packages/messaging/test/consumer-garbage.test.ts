import type { TestDatabase } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { deadLetterStore } from "../src/index.ts";
import { consumerOf, effectsOf, hostOf, incoming, openConsumerDatabase, writeEffect } from "./consumer-support.ts";

let db: TestDatabase;
beforeEach(async () => {
  db = await openConsumerDatabase();
});
afterEach(() => db.dispose());

const deadLetters = async () => (await deadLetterStore(db.database).list()).items;
const effectConsumer = (name = "order.on-payment-failed") =>
  consumerOf((_, context) => writeEffect(db.database, name, context), { name });

describe("garbage", () => {
  it.each([
    ["no JSON", { data: "not json" }, "event.undecodable"],
    ["nothing", { data: "" }, "event.undecodable"],
    ["a JSON array", { data: "[1,2]" }, "event.undecodable"],
    ["a wrong type in a field", { data: '{"paymentId":{"a":1}}' }, "event.undecodable"],
    [
      "a number out of range",
      { data: '{"paymentId":"p","aggregateVersion":"99999999999999999999"}' },
      "event.undecodable",
    ],
    ["NUL characters", { data: 'x\0"y' }, "event.undecodable"],
    ["no aggregate", { data: "{}" }, "event.subject_missing"],
    ["another message of ours", { type: "tandem.order.v1.OrderCreated" }, "event.type_mismatch"],
  ])("%s is a dead letter with its payload; the process lives", async (_, given, code) => {
    const host = hostOf(db.database, [effectConsumer()]);
    expect(await host.send(incoming(given))).toBe("ack");
    const [letter] = await deadLetters();
    expect(letter).toMatchObject({ reason: "undecodable", error: { code } });
    expect(letter?.event.data.replaceAll("\u2400", "\0")).toBe(
      incoming({ ...given, subject: letter?.event.subject ?? "" }).data,
    );
    const good = incoming();
    expect(await host.send(good)).toBe("ack");
    expect(await effectsOf(db.database)).toEqual([good.id]);
  });

  it.each([
    ["an empty id", ""],
    ["an endless id", "x".repeat(300)],
    ["a NUL in the id", "a\0b"],
  ])("%s is replaced by the content's digest, so that garbage is kept apart", async (_, id) => {
    const host = hostOf(db.database, [effectConsumer()]);
    const one = incoming({ id, subject: "p-1" });
    expect([await host.send(one), await host.send(one), await host.send(incoming({ id, subject: "p-2" }))]).toEqual([
      "ack",
      "ack",
      "ack",
    ]);
    const ids = await effectsOf(db.database);
    expect(ids).toHaveLength(2);
    expect(ids.every((stored) => stored.startsWith("sha256:"))).toBe(true);
  });

  it("is not: an unknown field, an unknown type of a publisher's own, a newer version of the message", async () => {
    const host = hostOf(db.database, [effectConsumer()]);
    const data = '{"paymentId":"p-1","somethingNew":{"deep":[1]},"orderId":"o"}';
    expect(await host.send(incoming({ data }))).toBe("ack");
    expect(await host.send(incoming({ data, type: "com.dapr.event.sent" }))).toBe("ack");
    expect(await host.send(incoming({ data, type: "tandem.payment.v2.PaymentFailed" }))).toBe("ack");
    expect(await effectsOf(db.database)).toHaveLength(3);
    expect(host.lines).toContainEqual(expect.objectContaining({ msg: "an event of another version" }));
  });
});
