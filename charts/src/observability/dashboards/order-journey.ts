import { topicCatalogue } from "@tandem/contracts";
import { dashboard, HERE, largest, quantile, rate } from "./dashboard.ts";
import type { Query } from "./panel.ts";

const CHECKOUTS = 'rpc_method=~"CreateOrder|CheckoutCart"';
const STEPS = [
  "order.created",
  "stock.reserved",
  "payment.authorized",
  "order.confirmed",
  "shipment.dispatched",
  "payment.captured",
  "shipment.delivered",
  "order.completed",
];
const EXITS = ["stock.rejected", "payment.failed", "order.cancelled"];
const TAKES_PART = 'service=~"(order|warehouse|payment|fulfillment|shipping)-worker"';

const published = (topic: string): Query => {
  if (!topicCatalogue.some(({ name }) => name === topic)) throw new TypeError(`there is no topic ${topic}`);
  return {
    expr: `sum(increase(tandem_outbox_published_total{${HERE}, outcome="sent", topic="${topic}"}[$__range]))`,
    legend: topic,
  };
};

/** From the checkout to the door, and back. */
export const orderJourney = () =>
  dashboard({
    uid: "tandem-order-journey",
    title: "Tandem / Order journey",
    description: "Orders from PENDING to COMPLETED, by the events that carry them",
    rows: [
      {
        title: "In the time shown",
        panels: [
          {
            kind: "bargauge",
            title: "From PENDING to COMPLETED",
            width: 12,
            description: "Events published. A step with several parcels has more of them than orders",
            queries: STEPS.map(published),
          },
          { kind: "bargauge", title: "And back", width: 6, queries: EXITS.map(published) },
          {
            kind: "stat",
            title: "Ended well",
            unit: "percentunit",
            width: 6,
            queries: [
              {
                expr: `sum(increase(tandem_saga_ended_total{${HERE}, saga="order.checkout", status="completed"}[$__range])) / sum(increase(tandem_saga_ended_total{${HERE}, saga="order.checkout"}[$__range]))`,
              },
            ],
          },
        ],
      },
      {
        title: "Checkout",
        panels: [
          {
            kind: "timeseries",
            title: "Checkouts by outcome",
            unit: "reqps",
            queries: [
              {
                expr: rate("tandem_rpc_server_requests_total", `${HERE}, ${CHECKOUTS}`, "rpc_method", "code"),
                legend: "{{rpc_method}} {{code}}",
              },
            ],
          },
          {
            kind: "timeseries",
            title: "Duration of the call",
            unit: "s",
            description: "With the wait of those who ask for the outcome",
            queries: [0.5, 0.99].map((q) => ({
              expr: quantile(q, "tandem_rpc_server_duration_seconds", `${HERE}, ${CHECKOUTS}`),
              legend: `p${q * 100}`,
            })),
          },
          {
            kind: "timeseries",
            title: "Quotes from pricing, p99",
            unit: "s",
            queries: [
              {
                expr: quantile(0.99, "tandem_rpc_client_duration_seconds", `${HERE}, service="order"`, "target"),
                legend: "{{target}}",
              },
            ],
          },
        ],
      },
      {
        title: "The saga",
        panels: [
          {
            kind: "timeseries",
            title: "Started and ended",
            unit: "reqps",
            queries: [
              { expr: rate("tandem_saga_started_total", HERE, "saga"), legend: "{{saga}} started" },
              { expr: rate("tandem_saga_ended_total", HERE, "saga", "status"), legend: "{{saga}} {{status}}" },
            ],
          },
          {
            kind: "timeseries",
            title: "From start to end",
            unit: "s",
            queries: [0.5, 0.95, 0.99].map((q) => ({
              expr: quantile(q, "tandem_saga_duration_seconds", `${HERE}, saga="order.checkout"`, "status"),
              legend: `p${q * 100} {{status}}`,
            })),
          },
          {
            kind: "timeseries",
            title: "Under way",
            queries: [{ expr: largest("tandem_saga_active", HERE, "saga", "status"), legend: "{{saga}} {{status}}" }],
          },
          {
            kind: "timeseries",
            title: "Stuck",
            warnAt: [1, 1],
            queries: [{ expr: largest("tandem_saga_stuck", HERE, "saga"), legend: "{{saga}}" }],
          },
          {
            kind: "timeseries",
            title: "Inputs by outcome",
            unit: "reqps",
            queries: [{ expr: rate("tandem_saga_inputs_total", HERE, "outcome"), legend: "{{outcome}}" }],
          },
        ],
      },
      {
        title: "What carries it",
        panels: [
          {
            kind: "timeseries",
            title: "Oldest unpublished event",
            unit: "s",
            warnAt: [10, 120],
            queries: [
              {
                expr: largest("tandem_outbox_oldest_age_seconds", `${HERE}, ${TAKES_PART}`, "service"),
                legend: "{{service}}",
              },
            ],
          },
          {
            kind: "timeseries",
            title: "Commit to broker, p99",
            unit: "s",
            queries: [
              {
                expr: quantile(0.99, "tandem_outbox_publish_seconds", `${HERE}, ${TAKES_PART}`, "service"),
                legend: "{{service}}",
              },
            ],
          },
          {
            kind: "timeseries",
            title: "Open dead letters",
            warnAt: [1, 50],
            queries: [
              {
                expr: largest("tandem_dead_letters_open", `${HERE}, ${TAKES_PART}`, "consumer"),
                legend: "{{consumer}}",
              },
            ],
          },
          {
            kind: "timeseries",
            title: "Calls of the bank and the carriers, by outcome",
            unit: "reqps",
            queries: [
              {
                expr: rate("tandem_payment_operations_total", HERE, "kind", "outcome"),
                legend: "payment {{kind}} {{outcome}}",
              },
              {
                expr: rate("tandem_shipping_operations_total", HERE, "kind", "outcome"),
                legend: "shipping {{kind}} {{outcome}}",
              },
            ],
          },
          {
            kind: "timeseries",
            title: "Circuits",
            queries: [{ expr: `service:tandem_circuit_open:max{${HERE}}`, legend: "{{service}} to {{circuit}}" }],
          },
          {
            kind: "timeseries",
            title: "Late and overdue",
            queries: [
              { expr: largest("tandem_fulfillment_stale", HERE, "status"), legend: "fulfillments {{status}}" },
              { expr: largest("tandem_payment_refund_claims", HERE, "state"), legend: "refunds {{state}}" },
            ],
          },
        ],
      },
    ],
  });
