import { describe, expect, it } from "vitest";
import { describeContract } from "./describe-contract.ts";
import { daprd, daprdMissing } from "./run-daprd.ts";

const missing = daprdMissing();

if (missing === undefined) describeContract(daprd);
else {
  describe("the sidecar contract, held by daprd", () => {
    it.skipIf(!process.env["CI"])(`needs tools: ${missing}`, () => {
      expect.fail(`CI must run this suite: ${missing}`);
    });
  });
}
