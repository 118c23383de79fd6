import { writeFile } from "node:fs/promises";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../../charts/src/observability");
/** What alerts and dashboards may name. */
export const inventoryFile = join(folder, "metric-inventory.json");
const daprdFile = join(folder, "daprd-inventory.json");

const help = `npm run metrics [-- --daprd]

Starts the platform, lets an order through it, and writes which metrics the binaries registered by then:
charts/src/observability/metric-inventory.json. Alerts and dashboards may name no other; a test compares. Commit what it writes.

  --daprd  what the sidecars show after an order instead (daprd-inventory.json): after an update of daprd. Takes a minute
`;

if (import.meta.main) {
  if (process.argv.includes("--help") || process.argv.includes("-h")) process.stdout.write(help);
  else {
    // The whole platform is behind these: --help does not wait for it.
    const { readMetricInventory, renderMetricInventory } = await import("./read-metric-inventory.ts");
    const { readDaprdInventory } = await import("./read-daprd-inventory.ts");
    const daprd = process.argv.includes("--daprd");
    const inventory = daprd ? await readDaprdInventory() : (await readMetricInventory()).inventory;
    await writeFile(daprd ? daprdFile : inventoryFile, renderMetricInventory(inventory));
    process.stdout.write(`${inventory.length} metrics\n`);
  }
}
