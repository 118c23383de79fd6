import { dashboard, HERE, largest, quantile, rate } from "./dashboard.ts";
import { runtimeRows } from "./runtime-rows.ts";

/** Of everything, what somebody looks at first. */
export const platformOverview = () =>
  dashboard({
    uid: "tandem-platform",
    title: "Tandem / Platform",
    description: "All contexts: calls, events, work and what they run on",
    rows: [
      {
        title: "Now",
        panels: [
          {
            kind: "stat",
            title: "Calls",
            unit: "reqps",
            queries: [{ expr: `sum(service:tandem_requests:rate5m{${HERE}, service!="gateway"})` }],
          },
          {
            kind: "stat",
            title: "Failed by our fault (worst)",
            unit: "percentunit",
            warnAt: [0.001, 0.0144],
            queries: [{ expr: `max(service:tandem_request_errors:ratio_rate5m{${HERE}})` }],
          },
          {
            kind: "stat",
            title: "Oldest unpublished event",
            unit: "s",
            warnAt: [10, 120],
            queries: [{ expr: `max(tandem_outbox_oldest_age_seconds{${HERE}})` }],
          },
          {
            kind: "stat",
            title: "Open dead letters",
            warnAt: [1, 50],
            queries: [{ expr: `sum(${largest("tandem_dead_letters_open", HERE, "service", "consumer")})` }],
          },
          {
            kind: "stat",
            title: "Sagas stuck or parked",
            warnAt: [1, 10],
            queries: [
              {
                expr: `sum(${largest("tandem_saga_stuck", HERE, "service", "saga")}) + sum(${largest("tandem_saga_active", `${HERE}, status="parked"`, "service", "saga")})`,
              },
            ],
          },
          {
            kind: "stat",
            title: "Circuits open",
            warnAt: [1, 3],
            queries: [{ expr: `sum(service:tandem_circuit_open:max{${HERE}})` }],
          },
        ],
      },
      {
        title: "Calls",
        panels: [
          {
            kind: "timeseries",
            title: "Calls by context",
            unit: "reqps",
            queries: [{ expr: `service:tandem_requests:rate5m{${HERE}}`, legend: "{{service}}" }],
          },
          {
            kind: "timeseries",
            title: "Failed by our fault",
            unit: "percentunit",
            warnAt: [0.001, 0.0144],
            queries: [{ expr: `service:tandem_request_errors:ratio_rate5m{${HERE}}`, legend: "{{service}}" }],
          },
          {
            kind: "timeseries",
            title: "p99 by context",
            unit: "s",
            description: "Calls that wait for an order's outcome by wish are in it",
            queries: [
              { expr: quantile(0.99, "tandem_rpc_server_duration_seconds", HERE, "service"), legend: "{{service}}" },
            ],
          },
          {
            kind: "timeseries",
            title: "The door, by status",
            unit: "reqps",
            queries: [{ expr: rate("tandem_gateway_requests_total", HERE, "status"), legend: "{{status}}" }],
          },
          {
            kind: "timeseries",
            title: "The door, p99 by context",
            unit: "s",
            queries: [
              { expr: quantile(0.99, "tandem_gateway_duration_seconds", HERE, "context"), legend: "{{context}}" },
            ],
          },
          {
            kind: "timeseries",
            title: "Refused before the interceptors",
            unit: "reqps",
            queries: [
              {
                expr: rate("tandem_rpc_server_refused_total", HERE, "service", "status"),
                legend: "{{service}} {{status}}",
              },
            ],
          },
        ],
      },
      {
        title: "Events",
        panels: [
          {
            kind: "timeseries",
            title: "Published",
            unit: "reqps",
            queries: [
              { expr: rate("tandem_outbox_published_total", `${HERE}, outcome="sent"`, "topic"), legend: "{{topic}}" },
            ],
          },
          {
            kind: "timeseries",
            title: "Waiting in outboxes",
            queries: [
              {
                expr: largest("tandem_outbox_backlog", `${HERE}, state!="dead"`, "service", "state"),
                legend: "{{service}} {{state}}",
              },
            ],
          },
          {
            kind: "timeseries",
            title: "Commit to broker, p99",
            unit: "s",
            queries: [
              { expr: quantile(0.99, "tandem_outbox_publish_seconds", HERE, "service"), legend: "{{service}}" },
            ],
          },
          {
            kind: "timeseries",
            title: "Deliveries by outcome",
            unit: "reqps",
            queries: [{ expr: rate("tandem_inbox_events_total", HERE, "outcome"), legend: "{{outcome}}" }],
          },
          {
            kind: "timeseries",
            title: "Handling a delivery, p99",
            unit: "s",
            queries: [{ expr: quantile(0.99, "tandem_inbox_handle_seconds", HERE, "service"), legend: "{{service}}" }],
          },
          {
            kind: "table",
            title: "Dead letters by consumer",
            queries: [{ expr: `${largest("tandem_dead_letters_open", HERE, "service", "consumer")} > 0` }],
          },
        ],
      },
      {
        title: "Work",
        panels: [
          {
            kind: "timeseries",
            title: "Runs of cron jobs",
            queries: [
              {
                expr: `sum by (service, status) (increase(tandem_job_runs_total{${HERE}}[$__rate_interval]))`,
                legend: "{{service}} {{status}}",
              },
            ],
          },
          {
            kind: "table",
            title: "Jobs by age of their last success",
            unit: "s",
            queries: [
              { expr: `sort_desc(time() - ${largest("tandem_job_last_success_timestamp_seconds", HERE, "cron_job")})` },
            ],
          },
          {
            kind: "timeseries",
            title: "Operations at providers",
            queries: [
              { expr: largest("tandem_payment_operations_open", HERE, "state"), legend: "payment {{state}}" },
              { expr: largest("tandem_shipping_operations_open", HERE, "state"), legend: "shipping {{state}}" },
            ],
          },
        ],
      },
      ...runtimeRows,
    ],
  });
