import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { type MetricFacts, readMetricInventory, renderMetricInventory } from "../src/read-metric-inventory.ts";
import { inventoryFile } from "../src/write-metric-inventory.ts";

// What the process tells of itself differs between operating systems.
const ours = (inventory: readonly MetricFacts[]) => inventory.filter(({ name }) => name.startsWith("tandem_"));

describe("the metrics of the running binaries", () => {
  let found: Awaited<ReturnType<typeof readMetricInventory>>;
  beforeAll(async () => {
    found = await readMetricInventory();
  }, 300_000);

  it("are those of the inventory that alerts and dashboards build on (else: npm run metrics)", async () => {
    const committed = JSON.parse(await readFile(inventoryFile, "utf8")) as MetricFacts[];
    expect(renderMetricInventory(ours(found.inventory))).toBe(renderMetricInventory(ours(committed)));
  });

  it("have snake case, a unit at the end, and _total only where something is counted", () => {
    const wrong = ours(found.inventory).filter(
      ({ name, type }) => !/^tandem_[a-z][a-z0-9_]*$/.test(name) || (type === "counter") !== name.endsWith("_total"),
    );
    expect(wrong).toEqual([]);
    expect(
      ours(found.inventory).filter(({ name, type }) => type === "histogram" && !name.endsWith("_seconds")),
    ).toEqual([]);
  });

  it("use no label that a scraper sets itself", () => {
    const theirs = new Set(["job", "instance", "pod", "namespace", "container", "endpoint", "service", "le"]);
    expect(found.inventory.filter(({ labels }) => labels.some((label) => theirs.has(label)))).toEqual([]);
  });

  it("count one order as one saga from its start in the API to its end in the worker", () => {
    expect(found.text).toMatch(/^tandem_saga_started_total\{saga="order.checkout",service="order"\} 1$/m);
    expect(found.text).toMatch(
      /^tandem_saga_ended_total\{saga="order.checkout",status="completed",service="order-worker"\} 1$/m,
    );
  });
});
