import { alert, perService, type RuleGroup, record } from "./rule.ts";

const named = (metric: string, label: string, name = "$1") =>
  `max by (namespace, service, circuit) (label_replace(${metric}, "circuit", "${name}", "${label}", "(.*)"))`;

/** Every circuit breaker of the platform under one name: `circuit` is what lies behind it. */
const CIRCUITS = [
  named("tandem_rpc_client_circuit_open", "target"),
  named("tandem_gateway_circuit_open", "context"),
  named("tandem_outbox_circuit_open", "service", "broker"),
  named("tandem_notification_circuit_open", "channel", "$1 provider"),
  named("tandem_payment_provider_circuit_open", "service", "card provider"),
  named("tandem_shipping_carrier_circuit_open", "carrier", "carrier $1"),
].join(" or ");

export const resourceRecords: RuleGroup = {
  name: "tandem.resources.records",
  interval: "30s",
  rules: [
    record("service:tandem_circuit_open:max", CIRCUITS),
    record(
      "service:tandem_postgres_connections_busy:ratio",
      `${perService('tandem_postgres_connections{state="busy"}', "pool")} / ${perService("tandem_postgres_connections_max", "pool")}`,
    ),
  ],
};

export const resourceAlerts: RuleGroup = {
  name: "tandem.resources",
  rules: [
    alert({
      name: "CircuitBreakerOpen",
      expr: "service:tandem_circuit_open:max == 1",
      for: "1m",
      severity: "warning",
      summary: "{{ $labels.service }} leaves {{ $labels.circuit }} alone: it keeps failing",
      description:
        "The circuit of {{ $labels.service }} to {{ $labels.circuit }} has not been closed for a minute. Calls are refused at once, events and operations wait; it tries again by itself.",
    }),
    alert({
      name: "PostgresPoolExhausted",
      expr: `${perService('avg_over_time(tandem_postgres_connections{state="waiting"}[5m])', "pool")} >= 1`,
      for: "2m",
      severity: "critical",
      summary: "{{ $labels.service }} waits for connections to Postgres",
      description:
        "{{ $value | humanize }} callers on average have waited for a connection of the pool {{ $labels.pool }} in the last five minutes: all are busy.",
    }),
    alert({
      name: "PostgresTransactionOpen",
      expr: `${perService("tandem_postgres_oldest_transaction_seconds")} > 300`,
      for: "1m",
      severity: "warning",
      summary: "A transaction in the database of {{ $labels.service }} is {{ $value | humanizeDuration }} old",
      description:
        "The oldest transaction that {{ $labels.service }} sees has been open for {{ $value | humanizeDuration }}: dead rows of the queues stay and every claim gets slower.",
    }),
    alert({
      name: "EventLoopBlocked",
      expr: "max by (namespace, pod, instance) (nodejs_eventloop_lag_p99_seconds) > 0.5",
      for: "5m",
      severity: "warning",
      summary: "The event loop of {{ $labels.pod }} ({{ $labels.instance }}) lags",
      description:
        "One in a hundred turns of the event loop of {{ $labels.pod }} ({{ $labels.instance }}) comes {{ $value | humanizeDuration }} late: it computes too much, or gets too little processor. Leases and health checks suffer first.",
    }),
  ],
};
