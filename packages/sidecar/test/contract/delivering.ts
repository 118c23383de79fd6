import { pollUntil } from "@tandem/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { knownDifferences } from "./known-differences.ts";
import { retries } from "./topology.ts";
import { event, type World } from "./world.ts";

const tries = retries.maxRetries + 1;

export const describeDelivering = (world: () => World): void => {
  const dead = "worker.dead-letters";

  describe("delivering", () => {
    afterEach(() => world().worker.answerWith(() => "ack"));

    it("retries by the policy and then moves the event, as it is, to the dead-letter topic", async () => {
      const sent = event();
      world().worker.answerWith((got) => (got.id === sent.id && got.topic === "thing.created" ? "retry" : "ack"));
      await world().publish("caller", sent);
      const letter = await world().worker.waitFor(sent.id, dead);
      expect(letter).toMatchObject({
        type: sent.type,
        data: sent.data,
        originalTopic: "thing.created",
        subject: "thing-1",
      });
      expect(world().worker.of(sent.id, "thing.created")).toHaveLength(tries);
    });

    it("stops retrying as soon as a try succeeds", async () => {
      const sent = event();
      world().worker.answerWith((got, n) => (got.id === sent.id && n < 3 ? "retry" : "ack"));
      await world().publish("caller", sent);
      await pollUntil(() => world().worker.of(sent.id).length >= 3, {});
      const after = event();
      await world().publish("caller", after);
      await world().worker.waitFor(after.id, "thing.created");
      expect(world().worker.of(sent.id)).toHaveLength(3);
    });

    it("moves a dropped event to the dead-letter topic at once", async () => {
      const sent = event();
      world().worker.answerWith((got) => (got.id === sent.id && got.topic === "thing.created" ? "drop" : "ack"));
      await world().publish("caller", sent);
      await world().worker.waitFor(sent.id, dead);
      expect(world().worker.of(sent.id, "thing.created")).toHaveLength(1);
    });

    it("takes a handler that throws for a failure, never for success", async () => {
      const sent = event();
      world().worker.answerWith((got) => {
        if (got.id === sent.id && got.topic === "thing.created") throw new Error("the handler broke");
        return "ack";
      });
      await world().publish("caller", sent);
      await world().worker.waitFor(sent.id, dead);
      expect(world().worker.of(sent.id, "thing.created")).toHaveLength(tries);
    });

    it("keeps a dead letter that cannot be stored going round", async () => {
      const sent = event();
      world().worker.answerWith((got, n) => {
        if (got.id !== sent.id) return "ack";
        if (got.topic === "thing.created") return "drop";
        return n <= tries + 1 ? "retry" : "ack"; // more than one round of retries
      });
      await world().publish("caller", sent);
      await pollUntil(() => world().worker.of(sent.id, dead).length >= tries + 2, {});
      expect(world().worker.of(sent.id, "thing.created")).toHaveLength(1);
    });

    it("does not let one failing event hold up the others", async () => {
      const poison = event();
      world().worker.answerWith((got) => (got.id === poison.id && got.topic === "thing.created" ? "retry" : "ack"));
      await world().publish("caller", poison);
      const others = Array.from({ length: 50 }, () => event());
      await world().publish("caller", ...others);
      await pollUntil(() => others.every(({ id }) => world().worker.of(id).length > 0), {});
      expect(world().worker.of(poison.id, dead)).toHaveLength(0);
      await world().worker.waitFor(poison.id, dead);
    });

    it("delivers in bulk to an app that asks for it, and judges each entry for itself", async () => {
      const batch = Array.from({ length: 30 }, () => event({ topic: "thing.changed" }));
      const bad = batch[7]?.id ?? "";
      world().bulkWorker.answerWith((got, n) => (got.id === bad && n === 1 ? "retry" : "ack"));
      await world().publish("caller", ...batch);
      await pollUntil(() => batch.every(({ id }) => world().bulkWorker.of(id).length > 0), {});
      await pollUntil(() => world().bulkWorker.of(bad).length === 2, {});
      const [first] = world().bulkWorker.of(batch[0]?.id ?? "");
      expect(first).toMatchObject({ type: "tandem.test.v1.ThingCreated", correlationId: "correlation-1" });
      expect(batch.filter(({ id }) => id !== bad).every(({ id }) => world().bulkWorker.of(id).length === 1)).toBe(true);
    });
  });

  describe("an app that is not there", () => {
    afterEach(async () => {
      world().worker.health.setServing(true);
      await world().worker.up();
      world().worker.answerWith(() => "ack");
    });

    it("gets, when it is healthy again, what was published while it said it was not", async () => {
      world().worker.health.setServing(false);
      await unhealthy(world());
      const sent = event();
      await world().publish("caller", sent);
      await holdsBack(world(), sent.id);
      world().worker.health.setServing(true);
      await world().worker.waitFor(sent.id, "thing.created");
      expect(world().worker.of(sent.id, dead)).toEqual([]);
    });

    it("gets, when it listens again, what was published while it was down", async () => {
      await world().worker.down();
      const sent = event();
      await world().publish("caller", sent); // nobody has noticed yet
      await holdsBack(world(), sent.id);
      await world().worker.up();
      await world().worker.waitFor(sent.id, "thing.created");
      expect(world().worker.of(sent.id, dead)).toEqual([]);
    });
  });

  describe("an app that consumes something else after a restart", () => {
    it("gets it from a sidecar that asks again", async () => {
      const { bulkWorker } = world();
      const topics = ["thing.changed", "thing.created"];
      await bulkWorker.down();
      await bulkWorker.up(topics.map((topic) => ({ topic, deadLetterTopic: "bulk-worker.dead-letters" })));
      const sent = event({ topic: "thing.changed" });
      await world().publish("caller", sent);
      await bulkWorker.waitFor(sent.id, "thing.changed");
      const known = async () => (await world().dapr("bulk-worker").metadata()).subscriptions.length;
      const { subscriptionsAskedAgain } = knownDifferences;
      if (subscriptionsAskedAgain[world().implementation.name]) await pollUntil(async () => (await known()) === 2, {});
      else expect(await known()).toBe(1);
    });
  });

  describe("a sidecar that is killed", () => {
    it("delivers again what its app was working on", async () => {
      const sent = event();
      const started = Promise.withResolvers<void>();
      const stuck = Promise.withResolvers<"ack">();
      world().worker.answerWith(async (got, n) => {
        if (got.id !== sent.id || n > 1) return "ack";
        started.resolve();
        return stuck.promise;
      });
      await world().publish("caller", sent);
      await started.promise;
      const killedAt = performance.now();
      await world().sidecars.crash("worker");
      await pollUntil(() => world().worker.of(sent.id).length >= 2, {
        timeoutMs: 60_000,
        message: "the second delivery",
      });
      stuck.resolve("ack");
      const { redeliveryAfterCrashMs } = knownDifferences;
      // It is not there before the broker knows that its consumer is dead.
      expect(performance.now() - killedAt).toBeGreaterThan(redeliveryAfterCrashMs[world().implementation.name] * 0.5);
    });
  });
};

/** The sidecar has noticed that its app is not healthy: an event that stays away shows it, while a later one reaches somebody else. */
const unhealthy = (world: World) =>
  pollUntil(
    async () => {
      const probe = event();
      await world.publish("caller", probe);
      const other = event({ topic: "thing.changed" });
      await world.publish("caller", other);
      await world.bulkWorker.waitFor(other.id, "thing.changed");
      await new Promise((resolve) => setTimeout(resolve, 500));
      return world.worker.of(probe.id).length === 0;
    },
    { message: "an unhealthy app" },
  );

const holdsBack = async (world: World, id: string): Promise<void> => {
  // Nothing to wait for: that an event does not come can only be seen over time.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(world.worker.of(id)).toEqual([]);
};
