import { createDispatcher } from "@tandem/resilience";
import { expect, test } from "vitest";

const gate = () => Promise.withResolvers<void>();
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("runs no more at once than allowed, and all in the end", async () => {
  const dispatcher = createDispatcher({ concurrency: 3 });
  let now = 0;
  let most = 0;
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      dispatcher.run(async () => {
        most = Math.max(most, ++now);
        await turn();
        now--;
        return n;
      }),
    ),
  );
  expect(most).toBe(3);
  expect(results).toEqual(Array.from({ length: 20 }, (_, n) => n));
});

test("one task more than may wait is refused at once", async () => {
  const dispatcher = createDispatcher({ concurrency: 1, maxQueued: 2 });
  const open = gate();
  const accepted = [1, 2, 3].map(() => dispatcher.run(() => open.promise));
  await turn();
  expect([dispatcher.running, dispatcher.queued]).toEqual([1, 2]);
  await expect(dispatcher.run(() => open.promise)).rejects.toMatchObject({
    kind: "resource_exhausted",
    code: "dispatcher.full",
  });
  open.resolve();
  await Promise.all(accepted);
  await expect(dispatcher.run(async () => "room again")).resolves.toBe("room again");
});

test("tasks of one key keep their order, also after a failure; other keys do not wait for them", async () => {
  const dispatcher = createDispatcher({ concurrency: 4 });
  const log: string[] = [];
  const open = gate();
  const a1 = dispatcher.run(() => open.promise.then(() => log.push("a1")), { key: "a" });
  const a2 = dispatcher.run(
    async () => {
      log.push("a2");
      throw new Error("a2");
    },
    { key: "a" },
  );
  const a3 = dispatcher.run(async () => log.push("a3"), { key: "a" });
  await dispatcher.run(async () => log.push("b1"), { key: "b" });
  expect(log).toEqual(["b1"]);
  open.resolve();
  await a1;
  await expect(a2).rejects.toThrow("a2");
  await a3;
  expect(log).toEqual(["b1", "a1", "a2", "a3"]);
});

test("a busy key does not hold slots for those of its tasks that wait", async () => {
  const dispatcher = createDispatcher({ concurrency: 2 });
  const open = gate();
  const busy = [1, 2, 3].map(() => dispatcher.run(() => open.promise, { key: "a" }));
  await expect(dispatcher.run(async () => "through", { key: "b" })).resolves.toBe("through");
  open.resolve();
  await Promise.all(busy);
});

test("a task whose caller has left before its turn never runs", async () => {
  const dispatcher = createDispatcher({ concurrency: 1 });
  const open = gate();
  const first = dispatcher.run(() => open.promise);
  const caller = new AbortController();
  let ran = false;
  const second = dispatcher.run(
    async () => {
      ran = true;
    },
    { signal: caller.signal },
  );
  caller.abort(new Error("left"));
  open.resolve();
  await first;
  await expect(second).rejects.toThrow("left");
  expect(ran).toBe(false);
});

test("drain lets accepted work end, failed work included, and refuses new", async () => {
  const dispatcher = createDispatcher({ concurrency: 1 });
  const open = gate();
  const accepted = dispatcher.run(() => open.promise);
  const failing = dispatcher.run(async () => {
    throw new Error("bad");
  });
  failing.catch(() => {});
  let drained = false;
  const draining = dispatcher.drain().then(() => {
    drained = true;
  });
  await turn();
  expect(drained).toBe(false);
  await expect(dispatcher.run(async () => {})).rejects.toMatchObject({ code: "dispatcher.draining" });
  open.resolve();
  await accepted;
  await draining;
  expect(dispatcher.running + dispatcher.queued).toBe(0);
});
