import { localPorts, serviceCatalogue } from "@tandem/contracts";
import { openShop } from "./open-shop.ts";
import type { MetricFacts } from "./read-metric-inventory.ts";
import { startPlatform } from "./start-platform.ts";
import { daprdSidecars } from "./start-sidecars.ts";

const scrape = (port: number): Promise<string> => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text());

/** Lets an order through real sidecars and says which metrics they showed after it. daprd shows one from its first use on only. */
export const readDaprdInventory = async (): Promise<readonly MetricFacts[]> => {
  await using platform = await startPlatform({ sidecars: daprdSidecars });
  const shop = await openShop(platform);
  const order = await shop.placeOrder({ product: await shop.addProduct(5) });
  await shop.outcomeOf(order.orderId);
  const ports = serviceCatalogue.flatMap((service) => {
    const { api, worker } = localPorts(service, platform.offset);
    return [api.sidecar.metrics, worker.sidecar.metrics];
  });
  return factsIn((await Promise.all(ports.map(scrape))).join("\n"));
};

/** Pure: Prometheus' text format to facts, by name. */
export const factsIn = (text: string): readonly MetricFacts[] => {
  const types = new Map(
    [...text.matchAll(/^# TYPE (dapr_\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]),
  );
  const helps = new Map(
    [...text.matchAll(/^# HELP (dapr_\S+) (.*)$/gm)].map(([, name = "", help = ""]) => [name, help]),
  );
  const labels = new Map<string, Set<string>>();
  for (const [, series = "", inside = ""] of text.matchAll(/^(dapr_\w+)\{([^}]*)\}/gm)) {
    const base = series.replace(/_(bucket|sum|count)$/, "");
    const name = types.get(base) === "histogram" ? base : series;
    const known = labels.get(name) ?? new Set();
    for (const [, label = ""] of inside.matchAll(/(\w+)="/g)) known.add(label);
    labels.set(name, known);
  }
  return [...types]
    .map(([name, type]) => ({
      name,
      type,
      help: helps.get(name) ?? "",
      labels: [...(labels.get(name) ?? [])].filter((label) => label !== "le").sort(),
      of: ["daprd"],
    }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
};
