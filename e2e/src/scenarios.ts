import { setTimeout as sleep } from "node:timers/promises";
import type { ContextName } from "@tandem/contracts";
import { pollUntil } from "@tandem/testkit";
import type { Customers } from "./place-orders.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { TestPlatform } from "./start-platform.ts";

export interface Surroundings {
  readonly platform: TestPlatform;
  readonly customers: Customers;
  readonly random: SeededRandom;
}

/** Breaks something while orders come in, and puts it right. What must hold afterwards is checked by the caller. */
export type Scenario = (surroundings: Surroundings) => Promise<void>;

export const faultPoints = ["before-claim", "after-claim", "mid-batch", "after-publish", "before-mark"] as const;

/** A worker whose relay dies at one point after the other, each after as many passes as chance says; the next takes over at once. */
export const killedAt =
  (context: ContextName, ...points: readonly (typeof faultPoints)[number][]): Scenario =>
  async ({ platform, customers, random }) => {
    const worker = platform.worker(context);
    for (const point of points) {
      await worker.restart(`${point}:${random.below(3)}`);
      let dead = false;
      const death = worker.ended.then(() => {
        dead = true;
      });
      // One round may not pass the point often enough; an order that a dead worker waits for is only work that piles up.
      for (let rounds = 0; !dead && rounds < 15; rounds += 1) {
        // More at once from round to round: a relay that takes over single events has no batch to be in the middle of.
        await customers.place(1 + Math.floor(rounds / 3));
        await Promise.race([death, sleep(1_500)]);
      }
      if (!dead) {
        throw new Error(`the worker of ${context} did not die ${point}:\n${worker.lines().slice(-5).join("\n")}`);
      }
    }
    await customers.place(1);
    await worker.restart();
  };

/** Killed from outside, at any moment. */
export const killedAnywhere =
  (context: ContextName): Scenario =>
  async ({ platform, customers, random }) => {
    const placing = customers.place(5);
    await sleep(random.below(1_500));
    await platform.worker(context).restart();
    await placing;
  };

/** Postgres, and the embedded broker with it, goes down in the middle and recovers. */
export const postgresCrashes: Scenario = async ({ platform, customers, random }) => {
  const placing = customers.place(5);
  await sleep(random.below(1_200));
  await platform.crashPostgres();
  // What was asked in that moment is asked again under the same key, until it is answered.
  await placing;
  await customers.place(1);
};

/** A broker that does everything that brokers are allowed to do, and more of it. */
export const brokerMisbehaves: Scenario = async ({ platform, customers, random }) => {
  platform.faults.set({
    duplicate: 0.3,
    reorder: 0.3,
    dropAck: 0.15,
    delay: 0.3,
    maxDelayMs: 50 + random.below(400),
    failPublish: 0.15,
    failPublishAfter: 0.15,
  });
  try {
    await customers.place(6);
    await sleep(3_000);
  } finally {
    platform.faults.clear();
  }
};

/** A relay that stands still before its mark, past its lease: another publishes what it held, and its late mark must write nothing. */
export const pausedPastItsLease: Scenario = async ({ platform, customers, random }) => {
  const worker = platform.worker("order");
  await worker.restart(`before-mark:${random.below(3)}:stop`);
  const overdue = async () => {
    const rows = await platform.databases.query(
      "order",
      "select token from tandem.outbox_lease where leased_at < clock_timestamp() - interval '900 ms'",
    );
    return rows.length > 0;
  };
  let dead = false;
  void worker.ended.then(() => {
    dead = true;
  });
  for (const giveUpAt = performance.now() + 60_000; !(await overdue()); ) {
    if (dead || performance.now() > giveUpAt)
      throw new Error(`the relay of order did not stand still:\n${worker.lines().slice(-5).join("\n")}`);
    await customers.place(1);
    // As long as it stands still its lease does not end: a look every now and then is enough.
    for (let looks = 0; looks < 15 && !dead && !(await overdue()); looks += 1) await sleep(100);
  }
  const replica = await platform.startReplica("order");
  try {
    await pollUntil(async () => !(await overdue()), {
      timeoutMs: 30_000,
      intervalMs: 50,
      message: "a taken-over lease",
    });
    worker.resume();
    await pollUntil(() => worker.lines().some((line) => line.includes("the lease was lost before the mark")), {
      timeoutMs: 20_000,
      message: "a late mark that is refused",
    });
  } finally {
    worker.resume();
    await replica[Symbol.asyncDispose]();
  }
};
