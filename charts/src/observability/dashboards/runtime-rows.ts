import { HERE, largest, ofService, rate } from "./dashboard.ts";
import type { Row } from "./panel.ts";

const perApp = 'service!=""';

/** What all of it runs on: sidecars, pools, processes. */
export const runtimeRows: readonly Row[] = [
  {
    title: "Sidecars",
    panels: [
      {
        kind: "timeseries",
        title: "Delivered, by what became of it",
        unit: "reqps",
        queries: [
          {
            expr: rate("dapr_component_pubsub_ingress_count", HERE, "process_status", "status"),
            legend: "{{process_status}} {{status}}",
          },
        ],
      },
      {
        kind: "timeseries",
        title: "Published in bulk",
        unit: "reqps",
        queries: [
          { expr: rate("dapr_component_pubsub_egress_bulk_count", HERE, "success"), legend: "success {{success}}" },
        ],
      },
      {
        kind: "timeseries",
        title: "Calls between sidecars, by answer",
        unit: "reqps",
        queries: [
          {
            expr: rate("dapr_runtime_service_invocation_res_recv_total", HERE, "src_app_id", "status"),
            legend: "{{src_app_id}} {{status}}",
          },
        ],
      },
      {
        kind: "timeseries",
        title: "Ticks of cron bindings",
        queries: [
          {
            expr: `sum by (component, success) (increase(dapr_component_input_binding_count{${HERE}}[$__rate_interval]))`,
            legend: "{{component}} {{success}}",
          },
        ],
      },
      {
        kind: "timeseries",
        title: "Policies of resiliency at work",
        unit: "reqps",
        queries: [
          {
            expr: rate("dapr_resiliency_count", HERE, "policy", "target", "status"),
            legend: "{{policy}} {{target}} {{status}}",
          },
        ],
      },
      {
        kind: "timeseries",
        title: "Probes of the apps",
        unit: "reqps",
        queries: [
          {
            expr: rate("dapr_grpc_io_healthprobes_completed_count", HERE, "grpc_client_status"),
            legend: "workers {{grpc_client_status}}",
          },
          { expr: rate("dapr_http_healthprobes_completed_count", HERE, "status"), legend: "APIs {{status}}" },
        ],
      },
    ],
  },
  {
    title: "What it runs on",
    panels: [
      {
        kind: "timeseries",
        title: "Busy connections of the pools",
        unit: "percentunit",
        warnAt: [0.8, 1],
        queries: [{ expr: `service:tandem_postgres_connections_busy:ratio{${HERE}}`, legend: "{{pool}}" }],
      },
      {
        kind: "timeseries",
        title: "Oldest transaction",
        unit: "s",
        queries: [
          { expr: largest("tandem_postgres_oldest_transaction_seconds", HERE, "service"), legend: "{{service}}" },
        ],
      },
      {
        kind: "timeseries",
        title: "Event loop, p99",
        unit: "s",
        queries: [
          {
            expr: ofService("nodejs_eventloop_lag_p99_seconds", `${HERE}, ${perApp}`),
            legend: "{{service}} {{instance}}",
          },
        ],
      },
      {
        kind: "timeseries",
        title: "Memory",
        unit: "bytes",
        queries: [
          {
            expr: ofService("process_resident_memory_bytes", `${HERE}, ${perApp}`),
            legend: "{{service}} {{instance}}",
          },
        ],
      },
      {
        kind: "timeseries",
        title: "Processors",
        queries: [
          {
            expr: ofService("rate(process_cpu_seconds_total[$__rate_interval])", `${HERE}, ${perApp}`),
            legend: "{{service}} {{instance}}",
          },
        ],
      },
      {
        kind: "timeseries",
        title: "Collections of metrics that failed",
        queries: [
          {
            expr: `sum by (service) (increase(tandem_metrics_collect_errors_total{${HERE}}[$__rate_interval]))`,
            legend: "{{service}}",
          },
        ],
      },
    ],
  },
];
