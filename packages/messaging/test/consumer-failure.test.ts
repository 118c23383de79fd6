import { AppError } from "@tandem/kernel";
import { pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { deadLetterStore } from "../src/index.ts";
import { consumerOf, effectsOf, hostOf, incoming, openConsumerDatabase, writeEffect } from "./consumer-support.ts";

let db: TestDatabase;
beforeEach(async () => {
  db = await openConsumerDatabase();
});
afterEach(() => db.dispose());

const inbox = async () => (await db.database.query("select consumer, event_id from tandem.inbox")).rows;
const attempts = async () =>
  (await db.database.query<{ attempts: number }>("select attempts from tandem.consumer_attempt")).rows.map(
    (row) => row.attempts,
  );
const deadLetters = async () => (await deadLetterStore(db.database).list()).items;
const effectConsumer = (name = "order.on-payment-failed") =>
  consumerOf((_, context) => writeEffect(db.database, name, context), { name });

describe("a transient failure", () => {
  it("is retried until it passes, with the try's number, and then forgotten", async () => {
    const tries: number[] = [];
    const event = incoming();
    const host = hostOf(db.database, [
      consumerOf(async (_, context) => {
        tries.push(context.attempt);
        if (tries.length < 3) throw new Error("not yet");
        await writeEffect(db.database, "x", context);
      }),
    ]);
    expect([await host.send(event), await host.send(event)]).toEqual(["retry", "retry"]);
    expect(await attempts()).toEqual([2]);
    expect(await host.send(event)).toBe("ack");
    expect(tries).toEqual([1, 2, 3]);
    expect(await attempts()).toEqual([]);
    expect(await effectsOf(db.database)).toEqual([event.id]);
  });

  it("ends after maxAttempts in a dead letter with payload, error, tries and trace, restarts in between or not", async () => {
    const event = {
      ...incoming(),
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      correlationId: "c-9",
    };
    const failing = () =>
      hostOf(db.database, [
        consumerOf(async () => Promise.reject(new AppError("unavailable", "provider.down", "no provider")), {
          retry: { maxAttempts: 3 },
        }),
      ]);
    expect([await failing().send(event), await failing().send(event), await failing().send(event)]).toEqual([
      "retry",
      "retry",
      "ack",
    ]);
    const [letter] = await deadLetters();
    expect(letter).toMatchObject({
      consumer: "order.on-payment-failed",
      status: "open",
      reason: "exhausted",
      attempts: 3,
      error: { kind: "unavailable", code: "provider.down", message: "no provider" },
    });
    expect(letter?.event).toMatchObject(event);
    expect(letter?.error.stack).toContain("provider");
    expect(await attempts()).toEqual([]);
  });

  it("that is a lost race is repeated here and now", async () => {
    let tries = 0;
    const host = hostOf(db.database, [
      consumerOf(async (_, context) => {
        tries += 1;
        if (tries < 3) throw new AppError("conflict", "postgres.version_conflict", "somebody was quicker");
        await writeEffect(db.database, "x", context);
      }),
    ]);
    expect(await host.send(incoming())).toBe("ack");
    expect(tries).toBe(3);
    expect(await attempts()).toEqual([]);
  });

  it("by a handler that hangs, even one deaf to its signal, ends at the consumer's timeout", async () => {
    let aborted = false;
    const host = hostOf(db.database, [
      consumerOf(
        (_, { signal }) =>
          new Promise(() => {
            signal.addEventListener("abort", () => {
              aborted = true;
            });
          }),
        { timeoutMs: 30 },
      ),
    ]);
    expect(await host.send(incoming())).toBe("retry");
    expect(aborted).toBe(true);
  });

  it("is what a cut-short handler's permanent-looking error is", async () => {
    const stop = new AbortController();
    const host = hostOf(db.database, [
      consumerOf((_, { signal }) => db.database.transact((tx) => tx.client.query("select pg_sleep(10)"), { signal })),
    ]);
    const sending = host.send(incoming(), stop.signal);
    await pollUntil(async () => {
      const { rows } = await db.database.query("select 1 from pg_stat_activity where query like 'select pg_sleep%'");
      return rows.length === 1;
    });
    stop.abort();
    expect(await sending).toBe("retry");
    expect(await deadLetters()).toEqual([]);
  });
});

describe("a permanent failure", () => {
  it("is a dead letter at once, and acknowledged", async () => {
    const host = hostOf(db.database, [
      consumerOf(async () => Promise.reject(new AppError("not_found", "order.not_found", "no such order"))),
    ]);
    expect(await host.send(incoming())).toBe("ack");
    expect(await deadLetters()).toMatchObject([
      { reason: "permanent", attempts: 1, error: { code: "order.not_found" } },
    ]);
    expect(await inbox()).toEqual([]);
  });

  it("of the same cause has the same fingerprint, of another cause another", async () => {
    const errors = [
      new AppError("not_found", "order.not_found", "no order 1"),
      new AppError("not_found", "order.not_found", "no order 2"),
      new AppError("failed_precondition", "order.closed", "closed"),
    ];
    const host = hostOf(db.database, [consumerOf(async () => Promise.reject(errors.shift()))]);
    for (let n = 0; n < 3; n += 1) await host.send(incoming());
    const prints = (await deadLetters()).map(({ fingerprint }) => fingerprint).reverse();
    expect(prints[0]).toBe(prints[1]);
    expect(prints[0]).not.toBe(prints[2]);
    expect(await deadLetterStore(db.database).group()).toMatchObject([
      { errorCode: "order.not_found", open: 2 },
      { errorCode: "order.closed", open: 1 },
    ]);
  });
});

describe("a poison message", () => {
  it("blocks its own key and no other", async () => {
    const stuck = Promise.withResolvers<void>();
    const host = hostOf(db.database, [
      consumerOf(async (_, context) => {
        if (context.subject === "poison") await stuck.promise;
        await writeEffect(db.database, "x", context);
      }),
    ]);
    const poison = host.send(incoming({ subject: "poison" }));
    let behind: string | undefined;
    const second = host.send(incoming({ subject: "poison" })).then((delivery) => {
      behind = delivery;
    });
    const others = await Promise.all(Array.from({ length: 50 }, () => host.send(incoming())));
    expect(others.every((delivery) => delivery === "ack")).toBe(true);
    expect(behind).toBeUndefined();
    stuck.resolve();
    expect(await poison).toBe("ack");
    await second;
    expect(await effectsOf(db.database)).toHaveLength(52);
  });

  it("that becomes a dead letter lets the next of its key pass", async () => {
    const host = hostOf(db.database, [
      consumerOf(async (message, context) => {
        if (message.orderId === "o-1") throw new AppError("invalid_argument", "order.bad", "bad");
        await writeEffect(db.database, "x", context);
      }),
    ]);
    await host.send(incoming({ subject: "p" }));
    const next = incoming({ subject: "p", data: '{"paymentId":"p","orderId":"o-2"}' });
    expect(await host.send(next)).toBe("ack");
    expect(await effectsOf(db.database)).toEqual([next.id]);
  });
});

describe("the broker's dead-letter topic", () => {
  const dead = (given: Parameters<typeof incoming>[0] = {}) =>
    incoming({ topic: "order-worker.dead-letters", originalTopic: "payment.failed", ...given });

  it("becomes a dead letter of each consumer that has not handled it, with the last error that was seen", async () => {
    const event = incoming();
    const host = hostOf(db.database, [
      effectConsumer("order.first"),
      consumerOf(async () => Promise.reject(new AppError("unavailable", "provider.down", "down")), {
        name: "order.second",
      }),
    ]);
    expect(await host.send(event)).toBe("retry");
    expect(await host.send(dead({ id: event.id }))).toBe("ack");
    expect(await deadLetters()).toMatchObject([
      {
        consumer: "order.second",
        reason: "broker",
        attempts: 1,
        event: { topic: "payment.failed" },
        error: { code: "provider.down" },
      },
    ]);
  });

  it("says nothing new about what is a dead letter already", async () => {
    const event = incoming();
    const host = hostOf(db.database, [
      consumerOf(async () => Promise.reject(new AppError("not_found", "order.not_found", "no"))),
    ]);
    await host.send(event);
    expect(await host.send(dead({ id: event.id }))).toBe("ack");
    expect(await deadLetters()).toMatchObject([
      { reason: "permanent", attempts: 1, error: { code: "order.not_found" } },
    ]);
  });

  it("keeps what nobody here knows", async () => {
    const host = hostOf(db.database, [effectConsumer()]);
    expect(await host.send(dead({ type: "x", originalTopic: "other.topic" }))).toBe("ack");
    expect(await deadLetters()).toMatchObject([{ consumer: "order-worker.unknown", event: { topic: "other.topic" } }]);
  });
});
