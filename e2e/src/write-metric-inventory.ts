import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What alerts and dashboards may name. */
export const inventoryFile = join(import.meta.dirname, "../../charts/src/observability/metric-inventory.json");

const help = `npm run metrics

Starts the platform, lets an order through it, and writes which metrics the binaries registered by then:
charts/src/observability/metric-inventory.json. Alerts and dashboards may name no other; a test compares. Commit what it writes.
`;

if (import.meta.main) {
  if (process.argv.includes("--help") || process.argv.includes("-h")) process.stdout.write(help);
  else {
    // The whole platform is behind it: --help does not wait for that.
    const { readMetricInventory, renderMetricInventory } = await import("./read-metric-inventory.ts");
    const { inventory } = await readMetricInventory();
    await writeFile(inventoryFile, renderMetricInventory(inventory));
    process.stdout.write(`${inventory.length} metrics\n`);
  }
}
