import { type AlertCases, calls, door, durations, fires, worker } from "./alert-case.ts";

/** Calls, and what binaries run on. */
export const serviceAlertCases: AlertCases = {
  HighErrorRate: [
    {
      says: "two of a hundred calls fail for an hour: somebody gets up",
      series: { [calls("ok")]: "0+98x375", [calls("internal")]: "0+2x375" },
      at: "70m",
      firing: [fires("critical", { service: "order" }), fires("warning", { service: "order" })],
    },
    {
      says: "eight of a thousand for six hours: a ticket",
      series: { [calls("ok")]: "0+992x375", [calls("unavailable")]: "0+8x375" },
      at: "370m",
      firing: [fires("warning", { service: "order" })],
    },
    {
      says: "callers' own mistakes are no faults of ours",
      series: { [calls("ok")]: "0+50x375", [calls("invalid_argument")]: "0+25x375", [calls("not_found")]: "0+25x375" },
      at: "370m",
      firing: [],
    },
    {
      says: "one failed call in a quiet night calls nobody",
      series: { [calls("ok")]: "0+1x375", [calls("internal")]: "0x60 1x340" },
      at: "64m",
      firing: [],
    },
    {
      says: "a quarter of an hour after it was mended nobody gets up, and the ticket is still open",
      series: { [calls("ok")]: "0+100x375", [calls("internal")]: "0+10x60 600x340" },
      at: "75m",
      firing: [fires("warning", { service: "order" })],
    },
    {
      says: "an hour after it was mended it is over",
      series: { [calls("ok")]: "0+100x375", [calls("internal")]: "0+10x60 600x340" },
      at: "120m",
      firing: [],
    },
    {
      says: "the door's 5xx count, its probes and 4xx do not",
      series: {
        [door("200")]: "0+90x375",
        [door("503")]: "0+5x375",
        [door("404")]: "0+5x375",
        [door("503", "/readyz")]: "0+99x375",
      },
      at: "70m",
      firing: [fires("critical", { service: "gateway" }), fires("warning", { service: "gateway" })],
    },
    {
      says: "a door whose probes alone fail is not failing its callers",
      series: { [door("200")]: "0+100x375", [door("503", "/readyz")]: "0+100x375" },
      at: "70m",
      firing: [],
    },
  ],
  SlowRequests: [
    {
      says: "a fifth of the calls takes longer than half a second",
      series: { [durations("count")]: "0+100x375", [durations("bucket")]: "0+80x375" },
      at: "70m",
      firing: [fires("critical", { service: "order" }), fires("warning", { service: "order" })],
    },
    {
      says: "eight of a hundred for six hours: a ticket",
      series: { [durations("count")]: "0+100x375", [durations("bucket")]: "0+92x375" },
      at: "370m",
      firing: [fires("warning", { service: "order" })],
    },
    {
      says: "one of two hundred is within the objective",
      series: { [durations("count")]: "0+200x375", [durations("bucket")]: "0+199x375" },
      at: "370m",
      firing: [],
    },
    {
      says: "who asks to wait for the outcome is not slow",
      series: {
        [durations("count", "CreateOrder")]: "0+100x375",
        [durations("bucket", "CreateOrder")]: "0+10x375",
        [durations("count")]: "0+100x375",
        [durations("bucket")]: "0+100x375",
      },
      at: "370m",
      firing: [],
    },
  ],
  CircuitBreakerOpen: [
    {
      says: "each kind of circuit, under the name of what lies behind it",
      series: {
        'tandem_rpc_client_circuit_open{service="order", target="pricing"}': "1x10",
        'tandem_gateway_circuit_open{service="gateway", context="catalog"}': "1x10",
        'tandem_outbox_circuit_open{service="order-worker"}': "1x10",
        'tandem_notification_circuit_open{service="notification-worker", channel="email"}': "1x10",
        'tandem_payment_provider_circuit_open{service="payment-worker"}': "1x10",
        'tandem_shipping_carrier_circuit_open{service="shipping-worker", carrier="ox"}': "1x10",
      },
      at: "5m",
      firing: [
        fires("warning", { service: "order", circuit: "pricing" }),
        fires("warning", { service: "gateway", circuit: "catalog" }),
        fires("warning", { service: "order-worker", circuit: "broker" }),
        fires("warning", { service: "notification-worker", circuit: "email provider" }),
        fires("warning", { service: "payment-worker", circuit: "card provider" }),
        fires("warning", { service: "shipping-worker", circuit: "carrier ox" }),
      ],
    },
    {
      says: "closed ones do not, nor one that closes within the minute",
      series: {
        'tandem_rpc_client_circuit_open{service="order", target="pricing"}': "0x3 1 0x10",
        'tandem_gateway_circuit_open{service="gateway", context="catalog"}': "0x10",
      },
      at: "5m",
      firing: [],
    },
  ],
  PostgresPoolExhausted: [
    {
      says: "callers wait for minutes",
      series: { 'tandem_postgres_connections{service="order", pool="order", state="waiting"}': "3x20" },
      at: "8m",
      firing: [fires("critical", { service: "order", pool: "order" })],
    },
    {
      says: "all busy and nobody waiting is a full house",
      series: {
        'tandem_postgres_connections{service="order", pool="order", state="waiting"}': "0x20",
        'tandem_postgres_connections{service="order", pool="order", state="busy"}': "10x20",
        'tandem_postgres_connections_max{service="order", pool="order"}': "10x20",
      },
      at: "8m",
      firing: [],
    },
  ],
  PostgresTransactionOpen: [
    {
      says: "somebody forgot one",
      series: { 'tandem_postgres_oldest_transaction_seconds{service="order", pool="order"}': "0+60x20" },
      at: "10m",
      firing: [fires("warning", { service: "order" })],
    },
    {
      says: "seconds are usual",
      series: { 'tandem_postgres_oldest_transaction_seconds{service="order", pool="order"}': "2x20" },
      at: "10m",
      firing: [],
    },
  ],
  EventLoopBlocked: [
    {
      says: "a second at the 99th percentile",
      series: { 'nodejs_eventloop_lag_p99_seconds{pod="order-1", instance="10.0.0.1:8001"}': "1x20" },
      at: "8m",
      firing: [fires("warning", { pod: "order-1", instance: "10.0.0.1:8001" })],
    },
    {
      says: "milliseconds are usual",
      series: { 'nodejs_eventloop_lag_p99_seconds{pod="order-1", instance="10.0.0.1:8001"}': "0.02x20" },
      at: "8m",
      firing: [],
    },
  ],
  ApiAbsent: [
    {
      says: "of two APIs one is gone: it is named",
      series: {
        'tandem_metrics_collect_errors_total{service="order"}': "0x30",
        'tandem_metrics_collect_errors_total{service="gateway"}': "0x3 _x30",
      },
      at: "20m",
      firing: [fires("critical", { service: "gateway" })],
    },
    {
      says: "one of two replicas is there",
      series: {
        'tandem_metrics_collect_errors_total{service="order", pod="a"}': "0x3 _x30",
        'tandem_metrics_collect_errors_total{service="order", pod="b"}': "0x30",
        'tandem_metrics_collect_errors_total{service="gateway"}': "0x30",
      },
      at: "20m",
      firing: [],
    },
  ],
  ConsumersAbsent: [
    {
      says: "only the half with the relay is there",
      series: { [`tandem_outbox_oldest_age_seconds{${worker}}`]: "0x30" },
      at: "20m",
      firing: [fires("critical", { service: "order-worker" })],
    },
    {
      says: "they are there",
      series: { [`tandem_dead_letters_oldest_open_seconds{${worker}}`]: "0x30" },
      at: "20m",
      firing: [],
    },
  ],
  RelayAbsent: [
    {
      says: "only the half with the consumers is there",
      series: { [`tandem_dead_letters_oldest_open_seconds{${worker}}`]: "0x30" },
      at: "20m",
      firing: [fires("critical", { service: "order-worker" })],
    },
    { says: "it is there", series: { [`tandem_outbox_oldest_age_seconds{${worker}}`]: "0x30" }, at: "20m", firing: [] },
  ],
  MetricsIncomplete: [
    {
      says: "collections fail at every scrape",
      series: { [`tandem_metrics_collect_errors_total{${worker}}`]: "0+2x40" },
      at: "20m",
      firing: [fires("warning", { service: "order-worker" })],
    },
    {
      says: "two failed while Postgres restarted",
      series: { [`tandem_metrics_collect_errors_total{${worker}}`]: "0x5 2x40" },
      at: "20m",
      firing: [],
    },
  ],
  Watchdog: [{ says: "always, with nothing there at all", series: {}, at: "1m", firing: [fires("none", {})] }],
};
