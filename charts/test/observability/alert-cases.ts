/** A minute per sample, from 0 on. `1+2x60` begins at 1 and adds 2, sixty times; `3x10` stays at 3; `_x5` is not there. */
export type Series = Readonly<Record<string, string>>;

export interface AlertCase {
  readonly says: string;
  readonly series: Series;
  /** When it is looked at. */
  readonly at: string;
  /** Labels of those that fire then, without alertname and alertstate. */
  readonly firing: readonly Readonly<Record<string, string>>[];
}

const api = 'service="order"';
const worker = 'service="order-worker"';
const calls = (code: string, method = "GetOrder") =>
  `tandem_rpc_server_requests_total{${api}, rpc_service="tandem.order.v1.OrderService", rpc_method="${method}", protocol="rest", code="${code}"}`;
const durations = (end: string, method = "GetOrder") =>
  `tandem_rpc_server_duration_seconds_${end}${end === "bucket" ? `{${api}, rpc_method="${method}", le="0.5"}` : `{${api}, rpc_method="${method}"}`}`;
const door = (status: string, route = "/orders/{order_id}") =>
  `tandem_gateway_requests_total{service="gateway", route="${route}", context="order", protocol="rest", status="${status}"}`;
const fires = (severity: string, labels: Readonly<Record<string, string>>) => ({ severity, ...labels });

/** Of each alert, when it fires and when it does not. */
export const alertCases: Readonly<Record<string, readonly AlertCase[]>> = {
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
  SagaStuck: [
    {
      says: "one stuck for minutes; two replicas that report it are one",
      series: {
        [`tandem_saga_stuck{${worker}, saga="order.checkout", pod="a"}`]: "1x10",
        [`tandem_saga_stuck{${worker}, saga="order.checkout", pod="b"}`]: "1x10",
      },
      at: "5m",
      firing: [fires("critical", { service: "order-worker", saga: "order.checkout" })],
    },
    {
      says: "one that goes on within two minutes does not",
      series: { [`tandem_saga_stuck{${worker}, saga="order.checkout"}`]: "0 1 0x10" },
      at: "5m",
      firing: [],
    },
  ],
  SagaParked: [
    {
      says: "one that waits for a person",
      series: { [`tandem_saga_active{${worker}, saga="order.checkout", status="parked"}`]: "2x10" },
      at: "6m",
      firing: [fires("warning", { service: "order-worker", saga: "order.checkout" })],
    },
    {
      says: "any number that run do not",
      series: {
        [`tandem_saga_active{${worker}, saga="order.checkout", status="running"}`]: "500x10",
        [`tandem_saga_active{${worker}, saga="order.checkout", status="parked"}`]: "0x10",
      },
      at: "6m",
      firing: [],
    },
  ],
  OutboxBacklog: [
    {
      says: "more than a thousand for five minutes, in however many replicas",
      series: {
        [`tandem_outbox_backlog{${worker}, state="pending", pod="a"}`]: "1500x20",
        [`tandem_outbox_backlog{${worker}, state="pending", pod="b"}`]: "1400x20",
      },
      at: "10m",
      firing: [fires("warning", { service: "order-worker" })],
    },
    {
      says: "six hundred in each of two replicas are six hundred",
      series: {
        [`tandem_outbox_backlog{${worker}, state="pending", pod="a"}`]: "600x20",
        [`tandem_outbox_backlog{${worker}, state="pending", pod="b"}`]: "600x20",
      },
      at: "10m",
      firing: [],
    },
    {
      says: "a burst that is gone in three minutes does not",
      series: { [`tandem_outbox_backlog{${worker}, state="pending"}`]: "0 9000x3 0x20" },
      at: "8m",
      firing: [],
    },
  ],
  OutboxStalled: [
    {
      says: "the oldest event is minutes old",
      series: { [`tandem_outbox_oldest_age_seconds{${worker}}`]: "0+60x20" },
      at: "6m",
      firing: [fires("critical", { service: "order-worker" })],
    },
    {
      says: "seconds are usual",
      series: { [`tandem_outbox_oldest_age_seconds{${worker}}`]: "5x20" },
      at: "6m",
      firing: [],
    },
  ],
  OutboxEventsParked: [
    {
      says: "one that cannot be published",
      series: { [`tandem_outbox_backlog{${worker}, state="dead"}`]: "1x20" },
      at: "3m",
      firing: [fires("warning", { service: "order-worker" })],
    },
    {
      says: "none, while others wait",
      series: {
        [`tandem_outbox_backlog{${worker}, state="dead"}`]: "0x20",
        [`tandem_outbox_backlog{${worker}, state="pending"}`]: "100x20",
      },
      at: "3m",
      firing: [],
    },
  ],
  OutboxLeaseLost: [
    {
      says: "again and again",
      series: { [`tandem_outbox_leases_lost_total{${worker}}`]: "0x5 1 2 3 4 5x20" },
      at: "12m",
      firing: [fires("warning", { service: "order-worker" })],
    },
    {
      says: "once, at a deployment",
      series: { [`tandem_outbox_leases_lost_total{${worker}}`]: "0x5 1x20" },
      at: "12m",
      firing: [],
    },
  ],
  DeadLetters: [
    {
      says: "one that waits, by consumer; seen from the first scrape on",
      series: { [`tandem_dead_letters_open{${worker}, consumer="order.on-payment-failed"}`]: "1x20" },
      at: "6m",
      firing: [fires("warning", { service: "order-worker", consumer: "order.on-payment-failed" })],
    },
    {
      says: "one that is replayed within minutes, and consumers without any, do not",
      series: {
        [`tandem_dead_letters_open{${worker}, consumer="order.on-payment-failed"}`]: "0 1x3 0x20",
        [`tandem_dead_letters_open{${worker}, consumer="order.on-stock-reserved"}`]: "0x20",
      },
      at: "10m",
      firing: [],
    },
  ],
  DeadLettersPilingUp: [
    {
      says: "thirty of each of two consumers",
      series: {
        [`tandem_dead_letters_open{${worker}, consumer="a"}`]: "30x20",
        [`tandem_dead_letters_open{${worker}, consumer="b"}`]: "30x20",
      },
      at: "6m",
      firing: [fires("critical", { service: "order-worker" })],
    },
    {
      says: "thirty that two replicas report",
      series: {
        [`tandem_dead_letters_open{${worker}, consumer="a", pod="x"}`]: "30x20",
        [`tandem_dead_letters_open{${worker}, consumer="a", pod="y"}`]: "30x20",
      },
      at: "6m",
      firing: [],
    },
  ],
  ConsumerFailing: [
    {
      says: "most deliveries come again",
      series: {
        [`tandem_inbox_events_total{${worker}, consumer="a", outcome="retry"}`]: "0+10x40",
        [`tandem_inbox_events_total{${worker}, consumer="a", outcome="handled"}`]: "0+2x40",
      },
      at: "20m",
      firing: [fires("warning", { service: "order-worker", consumer: "a" })],
    },
    {
      says: "a tenth that comes again is what retries are for",
      series: {
        [`tandem_inbox_events_total{${worker}, consumer="a", outcome="retry"}`]: "0+10x40",
        [`tandem_inbox_events_total{${worker}, consumer="a", outcome="handled"}`]: "0+90x40",
      },
      at: "20m",
      firing: [],
    },
  ],
  JobMissed: [
    {
      says: "a slot was missed ten minutes ago, whatever process noticed it",
      series: {
        [`tandem_job_last_missed_timestamp_seconds{${worker}, cron_job="order.saga-timeout", pod="a"}`]: "3000x90",
        [`tandem_job_last_missed_timestamp_seconds{${worker}, cron_job="order.saga-timeout", pod="b"}`]: "0x90",
      },
      at: "60m",
      firing: [fires("warning", { service: "order-worker", cron_job: "order.saga-timeout" })],
    },
    {
      says: "never, or long ago",
      series: {
        [`tandem_job_last_missed_timestamp_seconds{${worker}, cron_job="order.saga-timeout"}`]: "0x90",
        [`tandem_job_last_missed_timestamp_seconds{${worker}, cron_job="order.capture-retry"}`]: "1200x90",
      },
      at: "60m",
      firing: [],
    },
  ],
  JobFailing: [
    {
      says: "it fails and has not succeeded since",
      series: {
        [`tandem_job_runs_total{${worker}, cron_job="order.capture-retry", status="failed"}`]: "0x30 1 2 3x90",
        [`tandem_job_last_success_timestamp_seconds{${worker}, cron_job="order.capture-retry"}`]: "1200x120",
      },
      at: "60m",
      firing: [fires("warning", { service: "order-worker", cron_job: "order.capture-retry" })],
    },
    {
      says: "it has never succeeded at all",
      series: { [`tandem_job_runs_total{${worker}, cron_job="order.capture-retry", status="timed_out"}`]: "0x30 1x90" },
      at: "60m",
      firing: [fires("warning", { service: "order-worker", cron_job: "order.capture-retry" })],
    },
    {
      says: "it failed once and the next run mended it",
      series: {
        [`tandem_job_runs_total{${worker}, cron_job="order.capture-retry", status="failed"}`]: "0x30 1x90",
        [`tandem_job_last_success_timestamp_seconds{${worker}, cron_job="order.capture-retry"}`]: "0+60x120",
      },
      at: "60m",
      firing: [],
    },
  ],
  JobLeaseLost: [
    {
      says: "a run was abandoned",
      series: {
        [`tandem_job_fenced_total{${worker}, cron_job="a"}`]: "0x40",
        [`tandem_job_runs_total{${worker}, cron_job="a", status="abandoned"}`]: "0x10 1x30",
      },
      at: "15m",
      firing: [fires("warning", { service: "order-worker", cron_job: "a" })],
    },
    {
      says: "none was",
      series: {
        [`tandem_job_fenced_total{${worker}, cron_job="a"}`]: "0x40",
        [`tandem_job_runs_total{${worker}, cron_job="a", status="abandoned"}`]: "0x40",
        [`tandem_job_runs_total{${worker}, cron_job="a", status="succeeded"}`]: "0+1x40",
      },
      at: "15m",
      firing: [],
    },
  ],
  OperationsParked: [
    {
      says: "one at the bank, one at a carrier",
      series: {
        'tandem_payment_operations_open{service="payment-worker", state="PARKED"}': "1x20",
        'tandem_shipping_operations_open{service="shipping-worker", state="PARKED"}': "1x20",
      },
      at: "6m",
      firing: [fires("warning", { service: "payment-worker" }), fires("warning", { service: "shipping-worker" })],
    },
    {
      says: "those that wait their turn do not",
      series: {
        'tandem_payment_operations_open{service="payment-worker", state="PARKED"}': "0x20",
        'tandem_payment_operations_open{service="payment-worker", state="WAITING"}': "9x20",
      },
      at: "6m",
      firing: [],
    },
  ],
  OperationsLate: [
    {
      says: "nobody takes what is due",
      series: { 'tandem_payment_operations_oldest_seconds{service="payment-worker"}': "0+60x20" },
      at: "6m",
      firing: [fires("critical", { service: "payment-worker" })],
    },
    {
      says: "seconds are usual",
      series: { 'tandem_shipping_operations_oldest_seconds{service="shipping-worker"}': "3x20" },
      at: "6m",
      firing: [],
    },
  ],
  RefundsOwed: [
    {
      says: "one that the provider will never pay",
      series: { 'tandem_payment_refund_claims{service="payment-worker", state="GIVEN_UP"}': "1x20" },
      at: "6m",
      firing: [fires("warning", { service: "payment-worker" })],
    },
    {
      says: "those that are tried again do not",
      series: {
        'tandem_payment_refund_claims{service="payment-worker", state="RETRYING"}': "4x20",
        'tandem_payment_refund_claims{service="payment-worker", state="GIVEN_UP"}': "0x20",
      },
      at: "6m",
      firing: [],
    },
  ],
  BooksDiffer: [
    {
      says: "the bank's settlement, and the stock",
      series: {
        'tandem_payment_settlement_differences{service="payment-worker"}': "2x20",
        'tandem_warehouse_stock_drifts{service="warehouse-worker"}': "1x20",
      },
      at: "3m",
      firing: [fires("warning", { service: "payment-worker" }), fires("warning", { service: "warehouse-worker" })],
    },
    {
      says: "all agree",
      series: {
        'tandem_payment_settlement_differences{service="payment-worker"}': "0x20",
        'tandem_warehouse_stock_drifts{service="warehouse-worker"}': "0x20",
      },
      at: "3m",
      firing: [],
    },
  ],
  NotificationsOverdue: [
    {
      says: "a message is a quarter of an hour late",
      series: { 'tandem_notification_overdue_seconds{service="notification-worker"}': "900x20" },
      at: "6m",
      firing: [fires("warning", { service: "notification-worker" })],
    },
    {
      says: "a minute is not late",
      series: { 'tandem_notification_overdue_seconds{service="notification-worker"}': "60x20" },
      at: "6m",
      firing: [],
    },
  ],
  SearchIndexBehind: [
    {
      says: "minutes behind",
      series: { 'tandem_search_index_lag_seconds{service="search-worker"}': "300x20" },
      at: "6m",
      firing: [fires("warning", { service: "search-worker" })],
    },
    {
      says: "up to date",
      series: {
        'tandem_search_index_lag_seconds{service="search-worker"}': "0x20",
        'tandem_search_index_queue{service="search-worker", state="parked"}': "0x20",
      },
      at: "6m",
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
