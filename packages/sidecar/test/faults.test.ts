import { pollUntil } from "@tandem/testkit";
import { describe, expect, it } from "vitest";
import { createFaults } from "../src/faults.ts";
import { event } from "./contract/world.ts";
import { runInProcess } from "./run-in-process.ts";

const events = (count: number) => Array.from({ length: count }, () => event());

describe("injected faults", () => {
  it("fail to publish, and write nothing", async () => {
    await using run = await runInProcess({ faults: { failPublish: 1, seed: 1 } });
    const lost = event();
    expect(await run.publish(lost)).toMatchObject([{ status: "failed", kind: "transient" }]);
    run.sidecars.faults.clear();
    const sent = event();
    expect(await run.publish(sent)).toMatchObject([{ status: "sent" }]);
    await run.worker.waitFor(sent.id, "thing.created");
    expect(run.worker.of(lost.id)).toEqual([]);
  });

  it("publish, and say that they did not: the publisher's repeat is a duplicate", async () => {
    await using run = await runInProcess({ faults: { failPublishAfter: 1, seed: 1 } });
    const sent = event();
    expect(await run.publish(sent)).toMatchObject([{ status: "failed" }]);
    run.sidecars.faults.clear();
    expect(await run.publish(sent)).toMatchObject([{ status: "sent" }]);
    await pollUntil(() => run.worker.of(sent.id).length === 2, {});
  });

  it("drop acknowledgements: the message comes again until one is heard", async () => {
    await using run = await runInProcess({ faults: { dropAck: 1, seed: 1 } });
    const sent = event();
    await run.publish(sent);
    await pollUntil(() => run.worker.of(sent.id).length >= 3, {});
    run.sidecars.faults.clear();
    await pollUntil(async () => (await run.undelivered()) === 0, {});
    expect(run.worker.of(sent.id, "worker.dead-letters")).toEqual([]);
  });

  it("deliver twice", async () => {
    await using run = await runInProcess({ faults: { duplicate: 1, seed: 1 } });
    const sent = events(20);
    await run.publish(...sent);
    await pollUntil(() => sent.every(({ id }) => run.worker.of(id).length === 2), {});
    await pollUntil(async () => (await run.undelivered()) === 0, {});
  });

  it("deliver late and out of order, and lose nothing", async () => {
    await using run = await runInProcess({ faults: { delay: 0.5, maxDelayMs: 50, reorder: 1, seed: 7 } });
    const sent = events(100);
    await run.publish(...sent);
    await pollUntil(() => sent.every(({ id }) => run.worker.of(id).length > 0), {});
    expect(run.worker.received.map(({ id }) => id)).not.toEqual(sent.map(({ id }) => id));
  });

  it("can be set from another process", async () => {
    await using run = await runInProcess();
    const url = `http://127.0.0.1:${run.sidecars.sidecar("caller").httpPort}/embedded/faults`;
    const answer = await fetch(url, { method: "PUT", body: JSON.stringify({ failPublish: 1 }) });
    expect(answer.status).toBe(204);
    expect(await run.publish(event())).toMatchObject([{ status: "failed" }]);
    expect(await (await fetch(url)).json()).toMatchObject({ failPublish: 1, dropAck: 0 });
    await fetch(url, { method: "PUT", body: "{}" });
    expect(await run.publish(event())).toMatchObject([{ status: "sent" }]);
  });

  it("are the same for the same seed", () => {
    const draw = (seed: number) => {
      const faults = createFaults({ dropAck: 0.3 }, seed);
      return Array.from({ length: 200 }, () => faults.hits("dropAck"));
    };
    expect(draw(42)).toEqual(draw(42));
    expect(draw(42)).not.toEqual(draw(43));
    const share = draw(42).filter(Boolean).length / 200;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.45);
  });
});
