import { alert, perService, type RuleGroup, summed } from "./rule.ts";

/** Sagas, cron jobs, and what is asked of the outside. */
export const workAlerts: RuleGroup = {
  name: "tandem.work",
  rules: [
    alert({
      name: "SagaStuck",
      expr: `${perService("tandem_saga_stuck", "saga")} > 0`,
      for: "2m",
      severity: "critical",
      summary: "{{ $value }} sagas {{ $labels.saga }} are stuck",
      description:
        "{{ $value }} sagas {{ $labels.saga }} ({{ $labels.service }}) are more than a minute past their deadline or wait for nothing: their customers' money and goods are held meanwhile.",
    }),
    alert({
      name: "SagaParked",
      expr: `${perService('tandem_saga_active{status="parked"}', "saga")} > 0`,
      for: "5m",
      severity: "warning",
      summary: "{{ $value }} sagas {{ $labels.saga }} wait for a person",
      description:
        "{{ $value }} sagas {{ $labels.saga }} ({{ $labels.service }}) could neither go on nor take their steps back.",
    }),
    alert({
      name: "JobMissed",
      expr: `time() - ${perService("tandem_job_last_missed_timestamp_seconds", "cron_job")} < 900`,
      severity: "warning",
      summary: "{{ $labels.cron_job }} missed a slot",
      description:
        "The job {{ $labels.cron_job }} ({{ $labels.service }}) did not run when it should have; that was noticed {{ $value | humanizeDuration }} ago. Whether the run is made up for is the job's policy.",
    }),
    alert({
      name: "JobFailing",
      expr: `${summed('tandem_job_runs_total{status=~"failed|timed_out"}', "6h", "cron_job")} > 0
        unless (time() - ${perService("tandem_job_last_success_timestamp_seconds", "cron_job")} < 900)`,
      for: "5m",
      severity: "warning",
      summary: "{{ $labels.cron_job }} fails",
      description:
        "{{ $value | humanize }} runs of {{ $labels.cron_job }} ({{ $labels.service }}) failed or timed out in the last six hours, and none has succeeded in the last 15 minutes.",
    }),
    alert({
      name: "JobLeaseLost",
      expr: `${summed("tandem_job_fenced_total", "15m", "cron_job")} + ${summed('tandem_job_runs_total{status="abandoned"}', "15m", "cron_job")} > 0`,
      severity: "warning",
      summary: "A run of {{ $labels.cron_job }} lost its lease",
      description:
        "{{ $value | humanize }} runs of {{ $labels.cron_job }} ({{ $labels.service }}) lost their lease in the last 15 minutes: their process died, or stood still for longer than the lease. A stale run writes nothing.",
    }),
    alert({
      name: "OperationsParked",
      expr: `${perService('tandem_payment_operations_open{state="PARKED"}')} > 0 or ${perService('tandem_shipping_operations_open{state="PARKED"}')} > 0`,
      for: "5m",
      severity: "warning",
      summary: "{{ $labels.service }}: {{ $value }} calls of a provider are left to a person",
      description:
        "{{ $value }} operations of {{ $labels.service }} got no usable answer from the provider or carrier and are not tried any more.",
    }),
    alert({
      name: "OperationsLate",
      expr: `${perService("tandem_payment_operations_oldest_seconds")} > 120 or ${perService("tandem_shipping_operations_oldest_seconds")} > 120`,
      for: "2m",
      severity: "critical",
      summary: "{{ $labels.service }}: an operation is {{ $value | humanizeDuration }} overdue",
      description:
        "The oldest operation of {{ $labels.service }} that is due has waited {{ $value | humanizeDuration }}: nobody takes it. Orders wait for their money or their labels.",
    }),
    alert({
      name: "RefundsOwed",
      expr: `${perService('tandem_payment_refund_claims{state="GIVEN_UP"}')} > 0`,
      for: "5m",
      severity: "warning",
      summary: "{{ $value }} customers wait for a refund that the provider refuses",
      description:
        "{{ $value }} refunds were refused for good by the provider: a person has to find another way to the customer.",
    }),
    alert({
      name: "BooksDiffer",
      expr: `${perService("tandem_payment_settlement_differences")} > 0 or ${perService("tandem_warehouse_stock_drifts")} > 0`,
      for: "1m",
      severity: "warning",
      summary: "{{ $labels.service }}: the books differ in {{ $value }} places",
      description:
        "{{ $value }} differences in {{ $labels.service }}: between our payments and the bank's settlement, or between stock and its ledger.",
    }),
    alert({
      name: "NotificationsOverdue",
      expr: `${perService("tandem_notification_overdue_seconds")} > 600`,
      for: "5m",
      severity: "warning",
      summary: "Messages to customers are {{ $value | humanizeDuration }} late",
      description:
        "The message that is due the longest has waited {{ $value | humanizeDuration }}: the provider of its channel is away or refuses.",
    }),
    alert({
      name: "SearchIndexBehind",
      expr: `${perService("tandem_search_index_lag_seconds")} > 120 or ${perService('tandem_search_index_queue{state="parked"}')} > 0`,
      for: "5m",
      severity: "warning",
      summary: "Search shows what was",
      description: "The search engine lags {{ $value }} (seconds behind, or documents that it would not take).",
    }),
  ],
};
