import { serviceOf } from "@tandem/contracts";
import { newId } from "@tandem/kernel";
import { fuzzService, fuzzTimeoutMs } from "@tandem/testkit/fuzz";
import { expect, it } from "vitest";
import { startHarness } from "./harness.ts";

it("answers whatever the schemas can make without a 5xx, and a refusal changes nothing", {
  timeout: fuzzTimeoutMs,
}, async () => {
  await using harness = await startHarness();
  expect(await fuzzService(harness, serviceOf("payment").services, { ids: [newId()] })).toEqual([]);
});
