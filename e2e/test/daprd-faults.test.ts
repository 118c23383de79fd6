import {
  checkInvariants,
  daprdSidecars,
  drain,
  openCustomers,
  openShop,
  seededRandom,
  startPlatform,
  type TestPlatform,
} from "@tandem/e2e";
import { describe, expect, it } from "vitest";
import { needsDaprd } from "./needs-daprd.ts";

describe("orders through a real daprd beside every binary, and a Redis-protocol broker", { timeout: 600_000 }, () => {
  needsDaprd(() => {
    it("lose nothing when sidecars, the broker and workers are killed in the middle", throughCrashes);
  });
});

/** What a dead daprd had read from the broker goes to the next one after processingTimeout (30 s): the outcome is not late, it is sure. */
async function throughCrashes(): Promise<void> {
  await using platform = await startPlatform({ sidecars: daprdSidecars, processes: ["order", "shipping"] });
  const customers = await openCustomers(platform, await openShop(platform), seededRandom(1));
  for (const crash of [
    () => platform.crashes.daprd("order-worker"),
    () => platform.crashes.daprd("warehouse-worker"),
    () => platform.crashes.broker(),
    () => platform.crashes.daprd("payment-worker"),
    () => platform.worker("order").restart(),
    () => platform.worker("shipping").restart(),
  ]) {
    const placing = customers.place(4);
    await crash();
    await placing;
  }
  await untilBooksAddUp(platform);
  expect(await customers.listSurprises()).toEqual([]);
}

// The broker's own queue cannot be asked: what is on its way still reaches its inbox.
async function untilBooksAddUp({ databases }: TestPlatform): Promise<void> {
  await drain(databases, { sidecars: "daprd", timeoutMs: 240_000 });
  await expect.poll(() => checkInvariants(databases), { timeout: 90_000, interval: 500 }).toEqual([]);
}
