import { alert, type RuleGroup, summed } from "./rule.ts";

/** What is expected to be there: app ids. */
export interface Presence {
  readonly apis: readonly string[];
  readonly workers: readonly string[];
}

// With an equality matcher, absent() answers with the label: one alert for all, and it says who is missing.
const anyAbsent = (metric: string, services: readonly string[], matcher = "") =>
  services.map((service) => `absent(${metric}{service="${service}"${matcher}})`).join(" or ");

/** What says nothing at all: no other alert can fire for it. */
export const presenceAlerts = ({ apis, workers }: Presence): RuleGroup => ({
  name: "tandem.presence",
  rules: [
    alert({
      name: "ApiAbsent",
      // Every binary has this one from its start, without labels of its own.
      expr: anyAbsent("tandem_metrics_collect_errors_total", apis),
      for: "5m",
      severity: "critical",
      summary: "No replica of {{ $labels.service }} is scraped",
      description:
        "No API of {{ $labels.service }} has shown its metrics for five minutes: it is down, or not scraped.",
    }),
    alert({
      name: "ConsumersAbsent",
      expr: anyAbsent("tandem_dead_letters_oldest_open_seconds", workers),
      for: "5m",
      severity: "critical",
      summary: "Nobody consumes events as {{ $labels.service }}",
      description:
        "No {{ $labels.service }} with consumers (--mode all or event) has shown its metrics for five minutes. Its events wait at the broker, which keeps a bounded number.",
    }),
    alert({
      name: "RelayAbsent",
      expr: anyAbsent("tandem_outbox_oldest_age_seconds", workers),
      for: "5m",
      severity: "critical",
      summary: "Nobody publishes the events of {{ $labels.service }}, or runs its jobs",
      description:
        "No {{ $labels.service }} with relay and jobs (--mode all or cron) has shown its metrics for five minutes. Committed events wait in Postgres.",
    }),
    alert({
      name: "MetricsIncomplete",
      expr: `${summed("tandem_metrics_collect_errors_total", "10m")} > 3`,
      for: "5m",
      severity: "warning",
      summary: "Figures of {{ $labels.service }} are not to be trusted",
      description:
        "{{ $value | humanize }} collections of metrics failed in {{ $labels.service }} in ten minutes, most likely because its database does not answer: what it shows of outbox, sagas and dead letters is old.",
    }),
    alert({
      name: "Watchdog",
      expr: "vector(1)",
      severity: "none",
      summary: "The alerts work",
      description:
        "Fires always. Route it to something that calls somebody when it stops: then Prometheus or Alertmanager is down.",
    }),
  ],
});
