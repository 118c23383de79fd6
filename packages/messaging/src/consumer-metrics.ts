import type { Metrics } from "@tandem/runtime";

export const createConsumerMetrics = (metrics: Metrics) => ({
  events: metrics.counter<"consumer" | "outcome">({
    name: "tandem_inbox_events_total",
    help: "Deliveries by consumer and outcome: handled, duplicate, retry, dead",
    labels: ["consumer", "outcome"],
  }),
  seconds: metrics.histogram<"consumer">({
    name: "tandem_inbox_handle_seconds",
    help: "One delivery to one consumer, waiting for its key included",
    labels: ["consumer"],
  }),
  deadLetters: metrics.counter<"consumer" | "reason">({
    name: "tandem_dead_letters_total",
    help: "Dead letters stored, by consumer and reason",
    labels: ["consumer", "reason"],
  }),
});

export type ConsumerMetrics = ReturnType<typeof createConsumerMetrics>;
