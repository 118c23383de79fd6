import { DATASOURCE, layOut, type Row } from "./panel.ts";

export interface DashboardSpec {
  /** Stands in the address: never changes. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
}

/** Grafana's own format, as much of it as is ours to say. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly object[];
  readonly [field: string]: unknown;
}

/** Of one installation among several of a Prometheus. Where targets have no namespace, "All" finds them too. */
export const HERE = 'namespace=~"$namespace"';

const VARIABLES = [
  { name: "datasource", type: "datasource", query: "prometheus", label: "Data source", hide: 0 },
  {
    name: "namespace",
    type: "query",
    label: "Namespace",
    datasource: DATASOURCE,
    query: { query: "label_values(tandem_metrics_collect_errors_total, namespace)", refId: "namespace" },
    includeAll: true,
    allValue: ".*",
    current: { selected: true, text: "All", value: "$__all" },
    refresh: 2,
    hide: 0,
  },
];

export const dashboard = ({ uid, title, description, rows }: DashboardSpec): Dashboard => ({
  uid,
  title,
  description,
  tags: ["tandem"],
  editable: false,
  schemaVersion: 39,
  timezone: "browser",
  refresh: "30s",
  time: { from: "now-1h", to: "now" },
  templating: { list: VARIABLES },
  annotations: { list: [] },
  links: [
    { title: "Tandem", type: "dashboards", tags: ["tandem"], asDropdown: true, includeVars: true, keepTime: true },
  ],
  panels: layOut(rows),
});

export const quantile = (q: number, metric: string, matchers: string, ...by: readonly string[]): string =>
  `histogram_quantile(${q}, sum by (${["le", ...by].join(", ")}) (rate(${metric}_bucket{${matchers}}[$__rate_interval])))`;

export const rate = (metric: string, matchers: string, ...by: readonly string[]): string =>
  `sum by (${by.join(", ")}) (rate(${metric}{${matchers}}[$__rate_interval]))`;

export const largest = (metric: string, matchers: string, ...by: readonly string[]): string =>
  `max by (${by.join(", ")}) (${metric}{${matchers}})`;

/** Metrics of a process do not say whose it is; a metric of the binary from the same target does. */
export const ofService = (expr: string, matchers: string): string =>
  `${expr} * on (instance, job) group_left (service) (1 + 0 * tandem_metrics_collect_errors_total{${matchers}})`;
