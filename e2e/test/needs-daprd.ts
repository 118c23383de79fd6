import { findTool } from "@tandem/toolchain";
import { expect, it } from "vitest";

/** Declares the tests that need real sidecars; without them, one that says why they are skipped, which with CI=true is a failure. */
export const needsDaprd = (declare: () => void): void => {
  const missing = (["daprd", "broker"] as const)
    .map((name) => findTool(name))
    .flatMap((tool) => (tool.found ? [] : [tool.reason]));
  if (missing.length === 0) {
    declare();
    return;
  }
  it.skipIf(process.env["CI"] !== "true")(`needs tools: ${missing.join("; ")}`, () => {
    expect.fail(`with CI=true this may not be skipped: ${missing.join("; ")}`);
  });
};
