import { type AlertCases, fires, worker } from "./alert-case.ts";

/** Sagas, events, jobs and books. */
export const workAlertCases: AlertCases = {
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
};
