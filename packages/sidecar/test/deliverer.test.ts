import { captureLog, pollUntil } from "@tandem/testkit";
import { describe, expect, it } from "vitest";
import type { ClaimedDelivery } from "../src/claim-deliveries.ts";
import { createDeliverer, type DelivererOptions, type Subscription } from "../src/deliver-messages.ts";
import { createFaults } from "../src/faults.ts";
import type { MessageLog } from "../src/message-log.ts";

interface Row {
  readonly messageId: string;
  attempt: number;
  dueAt: number;
}

/** A log in memory with one subscription, whose claims work as those of the table. */
const memoryLog = (count: number, leaseMs = 60_000) => {
  const rows = new Map<string, Row>();
  for (let n = 1; n <= count; n++) rows.set(String(n), { messageId: String(n), attempt: 0, dueAt: 0 });
  const buried: string[] = [];
  const claims: number[] = [];
  const log: MessageLog = {
    publish: async () => undefined,
    publishWithin: async () => () => undefined,
    subscribe: async () => 1,
    keepOnly: async () => [],
    claim: async ([request]) => {
      const due = [...rows.values()].filter(({ dueAt }) => dueAt <= performance.now()).slice(0, request?.limit);
      for (const row of due) row.dueAt = performance.now() + leaseMs;
      claims.push(due.length);
      return due.map(({ messageId, attempt }) => ({ subscriptionId: 1, messageId, attempt, event: "{}" }));
    },
    releaseStrays: async (_, held) => {
      const mine = new Set(held.map(({ messageId }) => messageId));
      for (const row of rows.values()) if (!mine.has(row.messageId)) row.dueAt = 0;
    },
    acknowledge: async ({ messageId }) => void rows.delete(messageId),
    reschedule: async ({ messageId }, delayMs, failed) => {
      const row = rows.get(messageId);
      if (row !== undefined)
        Object.assign(row, { dueAt: performance.now() + delayMs, attempt: row.attempt + (failed ? 1 : 0) });
    },
    deadLetter: async ({ messageId }) => {
      rows.delete(messageId);
      buried.push(messageId);
    },
    onMessage: () => undefined,
    removeDelivered: async () => 0,
  };
  return { log, rows, buried, claims };
};

const subscription = (deliver: Subscription["deliver"], init: Partial<Subscription> = {}): Subscription => ({
  id: 1,
  topic: "t",
  deadLetterTopic: "dead",
  retry: { maxRetries: 2, delayMs: () => 5 },
  bulk: undefined,
  deliver,
  ...init,
});

const delivererOf = (messages: MessageLog, options: Partial<DelivererOptions> = {}) =>
  createDeliverer({ log: captureLog().log, messages, faults: createFaults({}, 1), ...options });

describe("the deliverer", () => {
  it("has no more calls open than it may", async () => {
    const { log, rows } = memoryLog(200);
    let open = 0;
    let most = 0;
    const deliverer = delivererOf(log, { concurrency: 4 });
    const deliver = async (messages: readonly ClaimedDelivery[]) => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 1));
      open--;
      return messages.map(() => "success" as const);
    };
    deliverer.open([subscription(deliver)]);
    await pollUntil(() => rows.size === 0, {});
    expect(most).toBe(4);
    await deliverer.pause();
  });

  it("sends a backlog in bulk, and single messages one by one", async () => {
    const { log, rows } = memoryLog(90);
    const sizes: number[] = [];
    const deliverer = delivererOf(log, { concurrency: 4 });
    deliverer.open([
      subscription(async (messages) => {
        sizes.push(messages.length);
        return messages.map(() => "success");
      }),
    ]);
    await pollUntil(() => rows.size === 0, {});
    expect(Math.max(...sizes)).toBeGreaterThan(1);
    rows.set("100", { messageId: "100", attempt: 0, dueAt: 0 });
    deliverer.wake([1]);
    await pollUntil(() => rows.size === 0, {});
    expect(sizes.at(-1)).toBe(1);
    await deliverer.pause();
  });

  it("does not deliver again what it still holds when the lease ends: the claim renews it", async () => {
    const { log, claims } = memoryLog(1, 10);
    const done = Promise.withResolvers<readonly ["success"]>();
    let deliveries = 0;
    const deliverer = delivererOf(log);
    deliverer.open([
      subscription(() => {
        deliveries++;
        return done.promise;
      }),
    ]);
    await pollUntil(() => {
      deliverer.wake([1]);
      return claims.filter((found) => found === 1).length >= 3;
    }, {});
    expect(deliveries).toBe(1);
    done.resolve(["success"]);
    await deliverer.pause();
    await deliverer.idle();
  });

  it("counts failures, and buries after the last retry", async () => {
    const { log, rows, buried } = memoryLog(1);
    let deliveries = 0;
    const deliverer = delivererOf(log);
    deliverer.open([
      subscription(async () => {
        deliveries++;
        return ["retry"];
      }),
    ]);
    await pollUntil(() => buried.length === 1, {});
    expect([deliveries, rows.size]).toEqual([3, 0]);
    await deliverer.pause();
  });

  it("gives back what waits when it is paused, without counting it as a failure", async () => {
    const { log, rows } = memoryLog(50);
    const gate = Promise.withResolvers<void>();
    const deliverer = delivererOf(log, { concurrency: 2 });
    deliverer.open([
      subscription(
        async (messages) => {
          await gate.promise;
          return messages.map(() => "success");
        },
        { bulk: { size: 1, awaitMs: 0 } },
      ),
    ]);
    await pollUntil(() => [...rows.values()].every(({ dueAt }) => dueAt > 0), {});
    await deliverer.pause();
    gate.resolve();
    await deliverer.idle();
    expect(rows.size).toBe(48);
    expect([...rows.values()].every(({ attempt, dueAt }) => attempt === 0 && dueAt <= performance.now())).toBe(true);
  });

  it("delivers again, long before the lease ends, what storage did not hear the outcome of", async () => {
    const { log, rows } = memoryLog(3, 3_600_000);
    const delivered: string[] = [];
    let deaf = true;
    const forgetful: MessageLog = {
      ...log,
      acknowledge: (delivery) => (deaf ? Promise.reject(new Error("storage is away")) : log.acknowledge(delivery)),
    };
    const deliverer = delivererOf(forgetful);
    const deliver = async (messages: readonly ClaimedDelivery[]) => {
      delivered.push(...messages.map(({ messageId }) => messageId));
      deaf = delivered.length <= 3;
      return messages.map(() => "success" as const);
    };
    deliverer.open([subscription(deliver)]);
    await pollUntil(() => rows.size === 0, {});
    expect(delivered.slice(0, 3).sort()).toEqual(["1", "2", "3"]);
    expect(delivered.length).toBeGreaterThanOrEqual(4);
    await deliverer.pause();
  });

  it("takes what it claimed without hearing so", async () => {
    const { log, rows } = memoryLog(3, 3_600_000);
    let lost = false;
    const unheard: MessageLog = {
      ...log,
      claim: async (...args) => {
        const claimed = await log.claim(...args);
        if (lost) return claimed;
        lost = true;
        throw new Error("the answer was lost");
      },
    };
    const deliverer = delivererOf(unheard);
    deliverer.open([subscription(async (messages) => messages.map(() => "success" as const))]);
    await pollUntil(() => rows.size === 0, {});
    expect(lost).toBe(true);
    await deliverer.pause();
  });

  it("does not forget what is due again, and claimed, before the call that handled it first has ended", async () => {
    const { log, rows, claims } = memoryLog(2, 3_600_000);
    const again = Promise.withResolvers<void>();
    const slow: MessageLog = {
      ...log,
      // The other message of the same call takes its time.
      acknowledge: async (delivery) => {
        if (delivery.messageId === "2") await again.promise;
        return log.acknowledge(delivery);
      },
    };
    const deliverer = delivererOf(slow, { concurrency: 1 });
    const tries = new Map<string, number>();
    const deliver = async (messages: readonly ClaimedDelivery[]) =>
      messages.map(({ messageId }) => {
        tries.set(messageId, (tries.get(messageId) ?? 0) + 1);
        return messageId === "1" && tries.get("1") === 1 ? ("retry" as const) : ("success" as const);
      });
    deliverer.open([subscription(deliver, { bulk: { size: 2, awaitMs: 0 } })]);
    await pollUntil(() => claims.filter((count) => count > 0).length === 2, { message: "the second claim" });
    again.resolve();
    await pollUntil(() => rows.size === 0, { message: "the end of both" });
    expect(tries.get("1")).toBe(2);
    await deliverer.pause();
  });

  it("keeps no call waiting for what is written of another", async () => {
    const { log } = memoryLog(3);
    const written = Promise.withResolvers<void>();
    const slow: MessageLog = {
      ...log,
      acknowledge: (delivery) => written.promise.then(() => log.acknowledge(delivery)),
    };
    const delivered: string[] = [];
    const deliverer = delivererOf(slow, { concurrency: 1, prefetch: 2 });
    deliverer.open([
      subscription(async (messages) => {
        delivered.push(...messages.map(({ messageId }) => messageId));
        return messages.map(() => "success");
      }),
    ]);
    await pollUntil(() => delivered.length === 3, {});
    let idle = false;
    const ended = deliverer.idle().then(() => {
      idle = true;
    });
    await deliverer.pause();
    expect(idle).toBe(false);
    written.resolve();
    await ended;
    expect(delivered).toEqual(["1", "2", "3"]);
  });

  it("delivers what was claimed as it was published, without a claim of its own", async () => {
    const { log, rows, claims } = memoryLog(0);
    const deliverer = delivererOf(log);
    deliverer.open([subscription(async (messages) => messages.map(() => "success"))]);
    await pollUntil(() => claims.length === 1, {});
    expect([deliverer.mayTake(1, 1), deliverer.mayTake(2, 1)]).toEqual([true, false]);
    rows.set("1", { messageId: "1", attempt: 0, dueAt: Number.POSITIVE_INFINITY });
    deliverer.take([{ subscriptionId: 1, messageId: "1", attempt: 0, event: "{}" }]);
    await pollUntil(() => rows.size === 0, {});
    expect(claims).toEqual([0]);
    await deliverer.pause();
  });

  it("takes nothing beside a backlog, and gives back what comes after it was paused", async () => {
    const { log, rows } = memoryLog(0);
    const deliverer = delivererOf(log, { prefetch: 10 });
    deliverer.open([subscription(() => new Promise(() => undefined))]);
    expect(deliverer.mayTake(1, 11)).toBe(false);
    await deliverer.pause();
    expect(deliverer.mayTake(1, 1)).toBe(false);
    rows.set("1", { messageId: "1", attempt: 0, dueAt: Number.POSITIVE_INFINITY });
    deliverer.take([{ subscriptionId: 1, messageId: "1", attempt: 0, event: "{}" }]);
    await deliverer.idle();
    expect(rows.get("1")?.dueAt).toBeLessThanOrEqual(performance.now());
  });

  it("lets messages wait for each other where the app asked for bulk, and sends a full batch at once", async () => {
    const { log, rows } = memoryLog(7);
    const sizes: number[] = [];
    const deliverer = delivererOf(log);
    const deliver = async (messages: readonly ClaimedDelivery[]) => {
      sizes.push(messages.length);
      return messages.map(() => "success" as const);
    };
    deliverer.open([subscription(deliver, { bulk: { size: 5, awaitMs: 20 } })]);
    await pollUntil(() => rows.size === 0, {});
    expect(sizes).toEqual([5, 2]);
    await deliverer.pause();
  });

  it("goes on after a claim that failed", async () => {
    const { log, rows } = memoryLog(3);
    let failures = 2;
    const flaky: MessageLog = {
      ...log,
      claim: (requests) => (failures-- > 0 ? Promise.reject(new Error("no database")) : log.claim(requests)),
    };
    const deliverer = delivererOf(flaky);
    deliverer.open([subscription(async (messages) => messages.map(() => "success"))]);
    await pollUntil(() => rows.size === 0, {});
    await deliverer.pause();
  });

  it("delivers again what could not be given back, long before the lease ends, once the app is there again", async () => {
    const { log, rows } = memoryLog(10, 3_600_000);
    let away = true;
    const flaky: MessageLog = {
      ...log,
      reschedule: (...args) => (away ? Promise.reject(new Error("storage is away")) : log.reschedule(...args)),
    };
    const deliverer = delivererOf(flaky, { concurrency: 1 });
    const gate = Promise.withResolvers<void>();
    const single = { bulk: { size: 1, awaitMs: 0 } };
    const deliver = async (messages: readonly ClaimedDelivery[]) => {
      await gate.promise;
      return messages.map(() => "success" as const);
    };
    deliverer.open([subscription(deliver, single)]);
    await pollUntil(() => [...rows.values()].every(({ dueAt }) => dueAt > 0), {});
    await deliverer.pause();
    gate.resolve();
    await deliverer.idle();
    away = false;
    expect(rows.size).toBe(9);
    deliverer.open([subscription(deliver, single)]);
    await pollUntil(() => rows.size === 0, { message: "the end of all of them" });
    await deliverer.pause();
  });

  it("delivers again what failed on its way to the app, counted as a try", async () => {
    const { log, rows } = memoryLog(2);
    const tries: number[] = [];
    const deliverer = delivererOf(log);
    deliverer.open([
      subscription(async (messages) => {
        tries.push(...messages.map(({ attempt }) => attempt));
        if (tries.length <= 2) throw new Error("a bug of ours");
        return messages.map(() => "success");
      }),
    ]);
    await pollUntil(() => rows.size === 0, {});
    expect(tries).toEqual([0, 0, 1, 1]);
    await deliverer.pause();
  });
});
