import { dashboard, HERE, largest, ofService, quantile, rate } from "./dashboard.ts";
import type { PanelSpec, Row } from "./panel.ts";

export interface ContextOfDashboard {
  readonly context: string;
  readonly apiAppId: string;
  /** The gateway has none. */
  readonly workerAppId?: string;
}

/** A metric of the inventory. */
export interface MetricFacts {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly of: readonly string[];
}

/** Calls, events, jobs and resources of one context, and a panel for every metric that is its own. */
export const contextDashboard = (entry: ContextOfDashboard, inventory: readonly MetricFacts[]) => {
  const { context, apiAppId, workerAppId } = entry;
  const apps = [apiAppId, ...(workerAppId === undefined ? [] : [workerAppId])];
  const own = `${HERE}, service=~"${apps.join("|")}"`;
  const specific = inventory.filter(({ of }) => of.some((app) => apps.includes(app)) && !of.includes("worker"));
  return dashboard({
    uid: `tandem-${context}`,
    title: `Tandem / ${context}`,
    description: `The API and the worker of ${context}`,
    rows: [
      ...(workerAppId === undefined ? [] : [calls(`${HERE}, service="${apiAppId}"`)]),
      ...(workerAppId === undefined
        ? []
        : [events(`${HERE}, service="${workerAppId}"`), jobs(`${HERE}, service="${workerAppId}"`)]),
      ...(specific.length === 0
        ? []
        : [{ title: `Of ${context} only`, panels: specific.map((metric) => panelOf(metric, own)) }]),
      resources(own, workerAppId !== undefined),
    ],
  });
};

const calls = (api: string): Row => ({
  title: "Calls",
  panels: [
    {
      kind: "timeseries",
      title: "Calls by method",
      unit: "reqps",
      queries: [{ expr: rate("tandem_rpc_server_requests_total", api, "rpc_method"), legend: "{{rpc_method}}" }],
    },
    {
      kind: "timeseries",
      title: "What was not ok",
      unit: "reqps",
      queries: [
        {
          expr: rate("tandem_rpc_server_requests_total", `${api}, code!="ok"`, "rpc_method", "code"),
          legend: "{{rpc_method}} {{code}}",
        },
      ],
    },
    {
      kind: "timeseries",
      title: "Durations",
      unit: "s",
      queries: [0.5, 0.95, 0.99].map((q) => ({
        expr: quantile(q, "tandem_rpc_server_duration_seconds", api),
        legend: `p${q * 100}`,
      })),
    },
    {
      kind: "timeseries",
      title: "p99 by method",
      unit: "s",
      queries: [
        { expr: quantile(0.99, "tandem_rpc_server_duration_seconds", api, "rpc_method"), legend: "{{rpc_method}}" },
      ],
    },
    {
      kind: "timeseries",
      title: "In flight",
      queries: [{ expr: `sum by (rpc_service) (tandem_rpc_server_in_flight{${api}})`, legend: "{{rpc_service}}" }],
    },
    {
      kind: "timeseries",
      title: "By protocol",
      unit: "reqps",
      queries: [{ expr: rate("tandem_rpc_server_requests_total", api, "protocol"), legend: "{{protocol}}" }],
    },
  ],
});

const events = (worker: string): Row => ({
  title: "Events",
  panels: [
    {
      kind: "timeseries",
      title: "Deliveries by consumer",
      unit: "reqps",
      queries: [
        { expr: rate("tandem_inbox_events_total", worker, "consumer", "outcome"), legend: "{{consumer}} {{outcome}}" },
      ],
    },
    {
      kind: "timeseries",
      title: "Handling, p99 by consumer",
      unit: "s",
      queries: [{ expr: quantile(0.99, "tandem_inbox_handle_seconds", worker, "consumer"), legend: "{{consumer}}" }],
    },
    {
      kind: "timeseries",
      title: "Open dead letters",
      warnAt: [1, 50],
      queries: [{ expr: largest("tandem_dead_letters_open", worker, "consumer"), legend: "{{consumer}}" }],
    },
    {
      kind: "timeseries",
      title: "Published by topic",
      unit: "reqps",
      queries: [
        { expr: rate("tandem_outbox_published_total", worker, "topic", "outcome"), legend: "{{topic}} {{outcome}}" },
      ],
    },
    {
      kind: "timeseries",
      title: "Outbox",
      queries: [{ expr: largest("tandem_outbox_backlog", worker, "state"), legend: "{{state}}" }],
    },
    {
      kind: "timeseries",
      title: "Age of the oldest, and commit to broker",
      unit: "s",
      queries: [
        { expr: largest("tandem_outbox_oldest_age_seconds", worker, "service"), legend: "oldest waiting" },
        { expr: quantile(0.99, "tandem_outbox_publish_seconds", worker), legend: "published, p99" },
      ],
    },
  ],
});

const jobs = (worker: string): Row => ({
  title: "Jobs",
  panels: [
    {
      kind: "timeseries",
      title: "Runs",
      queries: [
        {
          expr: `sum by (cron_job, status) (increase(tandem_job_runs_total{${worker}}[$__rate_interval]))`,
          legend: "{{cron_job}} {{status}}",
        },
      ],
    },
    {
      kind: "timeseries",
      title: "Duration, p95",
      unit: "s",
      queries: [{ expr: quantile(0.95, "tandem_job_duration_seconds", worker, "cron_job"), legend: "{{cron_job}}" }],
    },
    {
      kind: "timeseries",
      title: "Since the last success",
      unit: "s",
      queries: [
        {
          expr: `time() - ${largest("tandem_job_last_success_timestamp_seconds", worker, "cron_job")}`,
          legend: "{{cron_job}}",
        },
      ],
    },
  ],
});

const resources = (own: string, withDatabase: boolean): Row => ({
  title: "What it runs on",
  panels: [
    ...(withDatabase
      ? ([
          {
            kind: "timeseries",
            title: "Connections",
            queries: [
              { expr: `sum by (pool, state) (tandem_postgres_connections{${own}})`, legend: "{{pool}} {{state}}" },
            ],
          },
          {
            kind: "timeseries",
            title: "Wait for a connection, p99",
            unit: "s",
            queries: [{ expr: quantile(0.99, "tandem_postgres_acquire_seconds", own, "pool"), legend: "{{pool}}" }],
          },
          {
            kind: "timeseries",
            title: "Transactions",
            unit: "reqps",
            queries: [
              {
                expr: rate("tandem_postgres_transactions_total", own, "pool", "outcome"),
                legend: "{{pool}} {{outcome}}",
              },
            ],
          },
        ] satisfies PanelSpec[])
      : []),
    {
      kind: "timeseries",
      title: "Memory",
      unit: "bytes",
      queries: [{ expr: ofService("process_resident_memory_bytes", own), legend: "{{service}} {{instance}}" }],
    },
    {
      kind: "timeseries",
      title: "Processors",
      queries: [
        {
          expr: ofService("rate(process_cpu_seconds_total[$__rate_interval])", own),
          legend: "{{service}} {{instance}}",
        },
      ],
    },
    {
      kind: "timeseries",
      title: "Event loop, p99",
      unit: "s",
      queries: [{ expr: ofService("nodejs_eventloop_lag_p99_seconds", own), legend: "{{service}} {{instance}}" }],
    },
  ],
});

const unitOf = (name: string): NonNullable<PanelSpec["unit"]> => (name.endsWith("_seconds") ? "s" : "short");

/** A metric that only this context has gets a panel by being there. */
const panelOf = ({ name, type, help, labels }: MetricFacts, own: string): PanelSpec => {
  const by = ["service", ...labels];
  const legend = by.map((label) => `{{${label}}}`).join(" ");
  const title = name
    .replace(/^tandem_/, "")
    .replace(/_(total|seconds)$/, "")
    .replaceAll("_", " ");
  const base = { kind: "timeseries", title, description: `${name}: ${help}` } as const;
  if (type === "counter") return { ...base, unit: "reqps", queries: [{ expr: rate(name, own, ...by), legend }] };
  if (type === "gauge") return { ...base, unit: unitOf(name), queries: [{ expr: largest(name, own, ...by), legend }] };
  return {
    ...base,
    unit: unitOf(name),
    queries: [0.5, 0.99].map((q) => ({ expr: quantile(q, name, own, ...by), legend: `p${q * 100} ${legend}` })),
  };
};
