import { pollUntil } from "@tandem/testkit";
import { describe, expect, it } from "vitest";
import { knownDifferences } from "./known-differences.ts";
import { traceparent, type World } from "./world.ts";

const conflict = expect.objectContaining({ kind: "conflict", code: "dapr.etag_mismatch" });

export const describeState = (world: () => World): void => {
  const store = () => world().dapr("caller").state("statestore");
  const key = () => crypto.randomUUID();

  describe("state", () => {
    it("gives back what was set, with an etag, and undefined for what was not", async () => {
      const k = key();
      expect(await store().get(k)).toBeUndefined();
      await store().set(k, { items: [1, "two", null], text: "ä€😀" });
      const entry = await store().get(k);
      expect(entry).toMatchObject({ key: k, value: { items: [1, "two", null], text: "ä€😀" } });
      expect(entry?.etag).not.toBe("");
    });

    it("writes with the current etag, and gives a new one", async () => {
      const k = key();
      await store().set(k, 1);
      const before = await store().get(k);
      await store().set(k, 2, { etag: before?.etag ?? "" });
      const after = await store().get(k);
      expect(after?.value).toBe(2);
      expect(after?.etag).not.toBe(before?.etag);
    });

    it("refuses a write with an etag that is not the current one, and changes nothing", async () => {
      const k = key();
      await store().set(k, 1);
      const stale = (await store().get(k))?.etag ?? "";
      await store().set(k, 2);
      await expect(store().set(k, 3, { etag: stale })).rejects.toEqual(conflict);
      await expect(store().set(k, 3, { etag: "no etag at all" })).rejects.toEqual(conflict);
      expect((await store().get(k))?.value).toBe(2);
    });

    it("creates only if there is nothing yet, with etag null", async () => {
      const k = key();
      await store().set(k, 1, { etag: null });
      await expect(store().set(k, 2, { etag: null })).rejects.toEqual(conflict);
      expect((await store().get(k))?.value).toBe(1);
    });

    it("lets exactly one of many concurrent writers with the same etag win", async () => {
      const k = key();
      await store().set(k, 0);
      const etag = (await store().get(k))?.etag ?? "";
      const results = await Promise.allSettled([1, 2, 3, 4, 5].map((value) => store().set(k, value, { etag })));
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    });

    it("deletes, with the right etag only if one is given", async () => {
      const k = key();
      await store().set(k, 1);
      await expect(store().delete(k, { etag: crypto.randomUUID() })).rejects.toEqual(conflict);
      await store().delete(k, { etag: (await store().get(k))?.etag ?? "" });
      expect(await store().get(k)).toBeUndefined();
      await store().delete(k);
    });

    it("reads, writes and deletes many", async () => {
      const [a, b, c] = [key(), key(), key()];
      await store().setMany([
        { key: a, value: "a" },
        { key: b, value: "b" },
      ]);
      const found = await store().getMany([a, b, c]);
      expect([...found.values()].map(({ value }) => value).sort()).toEqual(["a", "b"]);
      expect(found.get(a)?.etag).not.toBe("");
      await store().deleteMany([a, b]);
      expect((await store().getMany([a, b])).size).toBe(0);
    });

    it("forgets an item when its time is over", async () => {
      const k = key();
      await store().set(k, 1, { ttlSeconds: 1 });
      expect(await store().get(k)).toBeDefined();
      await pollUntil(async () => (await store().get(k)) === undefined, { message: "expiry" });
      await store().set(k, 2, { etag: null });
    });

    it("refuses a store that the app may not load", async () => {
      const missing = { code: "dapr.component_missing", kind: "unavailable" };
      await expect(world().dapr("stranger").state("statestore").get("x")).rejects.toMatchObject(missing);
      await expect(world().dapr("caller").state("no-such-store").get("x")).rejects.toMatchObject(missing);
      await expect(world().dapr("caller").locks("no-such-store").tryLock("x", 1_000)).rejects.toMatchObject(missing);
    });

    it("can be read with curl", async () => {
      const k = key();
      const headers = { "dapr-api-token": "token-of-the-sidecar", "content-type": "application/json" };
      const url = `${world().httpUrl("caller")}/v1.0/state/statestore`;
      const saved = await fetch(url, { method: "POST", headers, body: JSON.stringify([{ key: k, value: { n: 1 } }]) });
      expect(saved.status).toBe(204);
      const read = await fetch(`${url}/${k}`, { headers });
      expect(await read.json()).toEqual({ n: 1 });
      expect(read.headers.get("etag")).not.toBeNull();
      expect((await fetch(`${url}/${key()}`, { headers })).status).toBe(204);
    });
  });

  describe("state transactions", () => {
    it("apply all or nothing", async () => {
      const [a, b] = [key(), key()];
      await store().set(b, "old");
      const losing = store().transact([
        { op: "set", key: a, value: 1 },
        { op: "set", key: b, value: "new", etag: crypto.randomUUID() },
      ]);
      await expect(losing).rejects.toEqual(conflict);
      expect(await store().get(a)).toBeUndefined();
      expect((await store().get(b))?.value).toBe("old");
    });

    it("set and delete together", async () => {
      const [a, b] = [key(), key()];
      await store().set(b, 1);
      await store().transact([
        { op: "set", key: a, value: 1, ttlSeconds: 60 },
        { op: "delete", key: b },
      ]);
      expect((await store().get(a))?.value).toBe(1);
      expect(await store().get(b)).toBeUndefined();
    });

    it("publish the projection of what they set, once committed, with its type, subject and trace", async () => {
      const k = key();
      const type = "tandem.order.v1.CartUpdated";
      const publish = { data: JSON.stringify({ cartId: k }), type, subject: k, traceparent };
      const startedAt = performance.now();
      await store().transact([{ op: "set", key: k, value: { secret: true }, etag: null, publish }]);
      const got = await pollUntil(() => world().worker.received.find(({ subject }) => subject === k), {});
      expect(got).toMatchObject({ topic: "cart.updated", type, data: publish.data, source: "caller", traceparent });
      expect((await store().get(k))?.value).toEqual({ secret: true });
      const { outboxDelayMs } = knownDifferences;
      expect(performance.now() - startedAt).toBeGreaterThan(outboxDelayMs[world().implementation.name]);
    });

    it("publish what they set, when they have no projection", async () => {
      const k = key();
      await store().transact([{ op: "set", key: k, value: { cartId: k } }]);
      const got = await pollUntil(() => world().worker.received.find(({ data }) => data.includes(k)), {});
      expect(got).toMatchObject({ topic: "cart.updated", data: JSON.stringify({ cartId: k }) });
    });

    it("publish nothing when they fail", async () => {
      const [lost, won] = [key(), key()];
      const of = (k: string) => ({ data: "{}", type: "t", subject: k });
      const losing = store().transact([
        { op: "set", key: lost, value: 1, etag: crypto.randomUUID(), publish: of(lost) },
      ]);
      await expect(losing).rejects.toEqual(conflict);
      await store().transact([{ op: "set", key: won, value: 1, publish: of(won) }]);
      await pollUntil(() => world().worker.received.some(({ subject }) => subject === won), {});
      expect(world().worker.received.some(({ subject }) => subject === lost)).toBe(false);
    });
  });

  describe("locks", () => {
    const locks = (appId = "caller") => world().dapr(appId).locks("lockstore");

    it("of one app do not concern another app", async () => {
      const resource = key();
      expect(await locks("caller").tryLock(resource, 30_000)).toBeDefined();
      expect(await locks("worker").tryLock(resource, 30_000)).toBeDefined();
    });

    it("are held by one, and free again when it lets go", async () => {
      const resource = key();
      const held = await locks().tryLock(resource, 30_000);
      expect(held).toBeDefined();
      expect(await locks().tryLock(resource, 30_000)).toBeUndefined();
      expect(await held?.unlock()).toBe(true);
      const next = await locks().tryLock(resource, 30_000);
      expect(next).toBeDefined();
      expect(await held?.unlock()).toBe(false);
    });

    it("end with their lease", async () => {
      const resource = key();
      const held = await locks().tryLock(resource, 1_000);
      await pollUntil(() => locks().tryLock(resource, 1_000), { message: "the end of the lease" });
      expect(await held?.unlock()).toBe(false);
    });
  });
};
