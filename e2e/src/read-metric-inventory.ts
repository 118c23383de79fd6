import { serviceCatalogue } from "@tandem/contracts";
import { Registry } from "prom-client";
import { openShop } from "./open-shop.ts";
import { startPlatform } from "./start-platform.ts";

/** A metric as some binary registered it. */
export interface MetricFacts {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Its own; besides them there are `service` (the app id, but for the process's own metrics) and a histogram's `le`. */
  readonly labels: readonly string[];
  /** Who has it: `api` and `worker` stand for those of all contexts, `process` for what Node tells of itself; otherwise app ids. */
  readonly of: readonly string[];
}

interface Registered {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

const TYPES: Readonly<Record<string, string>> = { Counter: "counter", Gauge: "gauge", Histogram: "histogram" };

/** Watches every registry that is made from now on. */
const watchRegistries = () => {
  const { registerMetric, setDefaultLabels } = Registry.prototype;
  const services = new Map<Registry, string>();
  const registered: { readonly registry: Registry; readonly metric: Registered }[] = [];
  Registry.prototype.setDefaultLabels = function (this: Registry, labels) {
    services.set(this, String((labels as { readonly service?: string }).service));
    setDefaultLabels.call(this, labels);
  };
  Registry.prototype.registerMetric = function (this: Registry, metric) {
    registered.push({
      registry: this,
      metric: { type: TYPES[metric.constructor.name] ?? "unknown", ...(metric as unknown as Omit<Registered, "type">) },
    });
    registerMetric.call(this, metric);
  };
  return {
    found: () =>
      registered.map(({ registry, metric }) => ({ ...metric, service: services.get(registry) ?? "process" })),
    stop: () => Object.assign(Registry.prototype, { registerMetric, setDefaultLabels }),
  };
};

const groups: readonly (readonly [name: string, members: readonly string[]])[] = [
  ["api", serviceCatalogue.map(({ apiAppId }) => apiAppId)],
  ["worker", serviceCatalogue.map(({ workerAppId }) => workerAppId)],
];

const namesOf = (services: ReadonlySet<string>): readonly string[] => {
  const whole = groups.filter(([, members]) => members.every((member) => services.has(member)));
  const covered = new Set(whole.flatMap(([, members]) => members));
  return [...whole.map(([name]) => name), ...[...services].filter((service) => !covered.has(service)).sort()];
};

const scrape = (url: string): Promise<string> => fetch(url).then((answer) => answer.text());

/** Starts the whole platform, lets an order through it, scrapes every binary, and says which metrics they had registered by then. */
export const readMetricInventory = async (): Promise<{
  readonly inventory: readonly MetricFacts[];
  /** What the scrapes said, one after the other. */
  readonly text: string;
}> => {
  const watch = watchRegistries();
  let text = "";
  try {
    await using platform = await startPlatform();
    const shop = await openShop(platform);
    const order = await shop.placeOrder({ product: await shop.addProduct(5) });
    await shop.outcomeOf(order.orderId);
    // Some are made at the first scrape only.
    text = (await Promise.all(platform.metricsUrls.map(scrape))).join("\n");
  } finally {
    watch.stop();
  }
  const byName = Map.groupBy(watch.found(), ({ name }) => name);
  const inventory = [...byName]
    .map(([name, all]) => {
      const [first] = all;
      const shapes = new Set(all.map(({ type, labelNames }) => `${type} ${[...labelNames].sort().join()}`));
      if (!first || shapes.size > 1)
        throw new TypeError(`${name} is registered in several shapes: ${[...shapes].join("; ")}`);
      const { type, help, labelNames } = first;
      return {
        name,
        type,
        help,
        labels: [...labelNames].sort(),
        of: namesOf(new Set(all.map(({ service }) => service))),
      };
    })
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  return { inventory, text };
};

export const renderMetricInventory = (inventory: readonly MetricFacts[]): string =>
  `[\n${inventory.map((metric) => `  ${JSON.stringify(metric)}`).join(",\n")}\n]\n`;
