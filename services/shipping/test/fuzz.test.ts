import { serviceOf } from "@tandem/contracts";
import { fuzzService, fuzzTimeoutMs } from "@tandem/testkit/fuzz";
import { expect, it } from "vitest";
import { startHarness, testParcel } from "./harness.ts";

it("answers whatever the schemas can make without a 5xx, and a refusal changes nothing", {
  timeout: fuzzTimeoutMs,
}, async () => {
  // Carriers do nothing meanwhile: what changes, a request has changed.
  await using harness = await startHarness({ startWorkers: false });
  const parcel = testParcel();
  await harness.packed(parcel);
  const shipment = await harness.shipmentOf(parcel);
  const ids = [shipment?.id ?? "", parcel.orderId, parcel.sellerId, parcel.customerId, parcel.productId];
  expect(await fuzzService(harness, serviceOf("shipping").services, { ids })).toEqual([]);
});
