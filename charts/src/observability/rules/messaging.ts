import { alert, perService, type RuleGroup, summed } from "./rule.ts";

const perConsumer = (outcome: string) =>
  `sum by (namespace, service, consumer) (rate(tandem_inbox_events_total${outcome}[10m]))`;

/** Events on their way out, and on their way in. */
export const messagingAlerts: RuleGroup = {
  name: "tandem.messaging",
  rules: [
    alert({
      name: "OutboxBacklog",
      expr: `${perService('tandem_outbox_backlog{state="pending"}')} > 1000`,
      for: "5m",
      severity: "warning",
      summary: "{{ $labels.service }} has {{ $value }} events waiting to be published",
      description:
        "{{ $value }} events of {{ $labels.service }} have waited in the outbox, more than 1000 for five minutes. Nothing is lost; whoever consumes them is behind.",
    }),
    alert({
      name: "OutboxStalled",
      expr: `${perService("tandem_outbox_oldest_age_seconds")} > 120`,
      for: "2m",
      severity: "critical",
      summary: "{{ $labels.service }}: an event has waited {{ $value | humanizeDuration }} to be published",
      description:
        "The oldest event in the outbox of {{ $labels.service }} has waited {{ $value | humanizeDuration }}: the relay stands still, the broker is away, or one aggregate is held back. Usual are milliseconds.",
    }),
    alert({
      name: "OutboxEventsParked",
      expr: `${perService('tandem_outbox_backlog{state="dead"}')} > 0`,
      for: "1m",
      severity: "warning",
      summary: "{{ $labels.service }} has {{ $value }} parked events",
      description:
        "{{ $value }} events of {{ $labels.service }} cannot be published and wait for a person; later events of the same aggregates wait behind them.",
    }),
    alert({
      name: "OutboxLeaseLost",
      expr: `${summed("tandem_outbox_leases_lost_total", "15m")} > 2`,
      severity: "warning",
      summary: "The relay of {{ $labels.service }} lost its lease {{ $value | humanize }} times",
      description:
        "The relay of {{ $labels.service }} lost its lease {{ $value | humanize }} times in 15 minutes: its process stands still for seconds, or publishing takes longer than the lease. Events go out twice; consumers know them by their id.",
    }),
    alert({
      name: "DeadLetters",
      expr: `${perService("tandem_dead_letters_open", "consumer")} > 0`,
      for: "5m",
      severity: "warning",
      summary: "{{ $labels.consumer }} has {{ $value }} dead letters",
      description:
        "{{ $value }} events that {{ $labels.consumer }} ({{ $labels.service }}) could not handle wait to be replayed or discarded.",
    }),
    alert({
      name: "DeadLettersPilingUp",
      expr: `sum by (namespace, service) (${perService("tandem_dead_letters_open", "consumer")}) > 50`,
      for: "5m",
      severity: "critical",
      summary: "{{ $labels.service }} has {{ $value }} dead letters",
      description:
        "{{ $value }} dead letters of {{ $labels.service }} are open, more than 50: that is no single bad event.",
    }),
    alert({
      name: "ConsumerFailing",
      expr: `${perConsumer('{outcome="retry"}')} / ${perConsumer("")} > 0.5 and ${summed('tandem_inbox_events_total{outcome="retry"}', "10m", "consumer")} > 20`,
      for: "5m",
      severity: "warning",
      summary: "{{ $labels.consumer }} fails {{ $value | humanizePercentage }} of its deliveries",
      description:
        "{{ $value | humanizePercentage }} of the deliveries to {{ $labels.consumer }} ({{ $labels.service }}) failed in the last ten minutes and come again: what it needs is away. After their tries they become dead letters.",
    }),
  ],
};
