import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export type MetricName = `tandem_${string}`;

export interface MetricSpec<L extends string> {
  /** Snake case, with its unit and, for counters, `_total` at the end: `tandem_outbox_published_total`. */
  readonly name: MetricName;
  readonly help: string;
  readonly labels?: readonly L[];
}

export interface HistogramSpec<L extends string> extends MetricSpec<L> {
  /** Upper bounds, ascending. Default: {@link DURATION_BUCKETS_S}. */
  readonly buckets?: readonly number[];
}

/** Seconds, 1 ms to 30 s. */
export const DURATION_BUCKETS_S: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/** The metrics of one binary. Asking for a name twice returns the same metric. */
export interface Metrics {
  readonly registry: Registry;
  readonly contentType: string;
  counter<L extends string = never>(spec: MetricSpec<L>): Counter<L>;
  gauge<L extends string = never>(spec: MetricSpec<L>): Gauge<L>;
  histogram<L extends string = never>(spec: HistogramSpec<L>): Histogram<L>;
  /** Runs `collect` before every scrape, to set gauges that are cheaper to read than to maintain. Returns the way to stop it. */
  onScrape(collect: () => void | Promise<void>): () => void;
  /** Everything in Prometheus' text format, the process's own metrics (CPU, memory, event loop, GC) included. */
  text(): Promise<string>;
}

export interface MetricsOptions {
  /** Becomes the label `service` on every metric of this binary. */
  readonly service: string;
}

// Process metrics describe the process: one copy, however many binaries share it.
let processRegistry: Registry | undefined;
const processMetrics = (): Registry => {
  if (!processRegistry) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
};

/** A registry of its own per binary, so that ten binaries in one process do not mix their figures. */
export const createMetrics = ({ service }: MetricsOptions): Metrics => {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  const collectors = new Set<() => void | Promise<void>>();
  const known = <M>(name: string): M | undefined => registry.getSingleMetric(name) as M | undefined;
  const base = <L extends string>({ name, help, labels = [] }: MetricSpec<L>) => {
    if (!/^tandem_[a-z0-9_]+$/.test(name)) throw new TypeError(`metric name ${name} is not tandem_snake_case`);
    return { name, help, labelNames: [...labels], registers: [registry] };
  };
  const metrics: Metrics = {
    registry,
    contentType: registry.contentType,
    counter: <L extends string>(spec: MetricSpec<L>) => known<Counter<L>>(spec.name) ?? new Counter<L>(base(spec)),
    gauge: <L extends string>(spec: MetricSpec<L>) => known<Gauge<L>>(spec.name) ?? new Gauge<L>(base(spec)),
    histogram: <L extends string>(spec: HistogramSpec<L>) =>
      known<Histogram<L>>(spec.name) ??
      new Histogram<L>({ ...base(spec), buckets: [...(spec.buckets ?? DURATION_BUCKETS_S)] }),
    onScrape: (collect) => {
      collectors.add(collect);
      return () => collectors.delete(collect);
    },
    text: async () => {
      const outcomes = await Promise.allSettled([...collectors].map(async (collect) => collect()));
      const failed = outcomes.filter((outcome) => outcome.status === "rejected").length;
      // A collector that fails (its database is down) must not take away the metrics that would explain it.
      if (failed > 0) scrapeErrors.inc(failed);
      return `${await registry.metrics()}\n${await processMetrics().metrics()}`;
    },
  };
  const scrapeErrors = metrics.counter({
    name: "tandem_metrics_collect_errors_total",
    help: "Collectors that failed during a scrape",
  });
  return metrics;
};
