import { describe, expect, it } from "vitest";
import { findPortOffset, portsAt } from "../src/find-port-offset.ts";

describe("the ports of a platform", () => {
  it("meet those of no other that is drawn at the same time", async () => {
    const offsets = await Promise.all(Array.from({ length: 4 }, () => findPortOffset()));
    const ports = offsets.flatMap(portsAt);
    expect(new Set(ports).size).toBe(ports.length);
    // Two suites run at a time, and each may start several platforms.
    expect(new Set(offsets).size).toBe(4);
  });
});
