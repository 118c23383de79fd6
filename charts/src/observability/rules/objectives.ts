import { alert, type RuleGroup, record } from "./rule.ts";

/** What the services' READMEs promise: 99.9 % without a fault of ours, 99 % within half a second. */
const ERROR_BUDGET = 0.001;
const SLOW_BUDGET = 0.01;
/** The pace at which a month's budget is gone in two days, and in five: the usual ones of an SLO's two windows. */
const FAST = 14.4;
const SLOW = 6;
/** One failed call in a quiet night is no pace. */
const MIN_CALLS = 10;

const FAULTS = 'code=~"unknown|deadline_exceeded|internal|unavailable|data_loss"';
/** Wait for an outcome when they are asked to (`Prefer: wait`). */
const WAITING = 'rpc_method!~"CreateOrder|CheckoutCart|CancelOrder"';
/** Probes and its own page of health say nothing of callers. */
const OWN_PATHS = 'route!~"/livez|/readyz|/health|/metrics"';

const by = "sum by (namespace, service)";
const WINDOWS = ["5m", "30m", "1h", "6h"] as const;

const requests = (window: string) => `
  (${by} (rate(tandem_rpc_server_requests_total[${window}]))
    or ${by} (rate(tandem_gateway_requests_total{${OWN_PATHS}}[${window}])))`;
const errors = (window: string) => `
  (${by} (rate(tandem_rpc_server_requests_total{${FAULTS}}[${window}]))
    or ${by} (rate(tandem_gateway_requests_total{${OWN_PATHS}, status=~"5.."}[${window}])))`;
const timed = (window: string) => `${by} (rate(tandem_rpc_server_duration_seconds_count{${WAITING}}[${window}]))`;
const fast = (window: string) =>
  `${by} (rate(tandem_rpc_server_duration_seconds_bucket{${WAITING}, le="0.5"}[${window}]))`;

const burning = (ratio: string, budget: number, count: string) => ({
  fast: `${ratio}5m > ${pace(FAST, budget)} and ${ratio}1h > ${pace(FAST, budget)} and ${count} >= ${MIN_CALLS}`,
  slow: `${ratio}30m > ${pace(SLOW, budget)} and ${ratio}6h > ${pace(SLOW, budget)} and ${count} >= ${MIN_CALLS}`,
});
const pace = (factor: number, budget: number): number => Number((factor * budget).toFixed(6));

const ERRORS = burning(
  "service:tandem_request_errors:ratio_rate",
  ERROR_BUDGET,
  "service:tandem_request_errors:increase1h",
);
const SLOWNESS = burning(
  "service:tandem_slow_requests:ratio_rate",
  SLOW_BUDGET,
  "service:tandem_slow_requests:increase1h",
);

export const objectiveRecords: RuleGroup = {
  name: "tandem.objectives.records",
  interval: "30s",
  rules: [
    record("service:tandem_requests:rate5m", requests("5m")),
    ...WINDOWS.map((window) =>
      record(
        `service:tandem_request_errors:ratio_rate${window}`,
        `(${errors(window)} or 0 * ${requests(window)}) / (${requests(window)} > 0)`,
      ),
    ),
    record("service:tandem_request_errors:increase1h", `${errors("1h")} * 3600`),
    ...WINDOWS.map((window) =>
      record(`service:tandem_slow_requests:ratio_rate${window}`, `1 - ${fast(window)} / (${timed(window)} > 0)`),
    ),
    record("service:tandem_slow_requests:increase1h", `(${timed("1h")} - ${fast("1h")}) * 3600`),
  ],
};

export const objectiveAlerts: RuleGroup = {
  name: "tandem.objectives",
  rules: [
    alert({
      name: "HighErrorRate",
      expr: ERRORS.fast,
      for: "1m",
      severity: "critical",
      summary: "{{ $labels.service }} fails {{ $value | humanizePercentage }} of its calls",
      description:
        "{{ $value | humanizePercentage }} of the calls to {{ $labels.service }} failed by our fault in the last five minutes, and more than 1.44 % in the last hour. The objective is 0.1 %: at this pace a month's budget is gone in two days.",
    }),
    alert({
      name: "HighErrorRate",
      expr: ERRORS.slow,
      for: "5m",
      severity: "warning",
      summary: "{{ $labels.service }} fails {{ $value | humanizePercentage }} of its calls, for hours",
      description:
        "{{ $value | humanizePercentage }} of the calls to {{ $labels.service }} failed by our fault in the last half hour, and more than 0.6 % in the last six hours. The objective is 0.1 %: at this pace a month's budget is gone in five days.",
    }),
    alert({
      name: "SlowRequests",
      expr: SLOWNESS.fast,
      for: "1m",
      severity: "critical",
      summary: "{{ $labels.service }} is slow for {{ $value | humanizePercentage }} of its calls",
      description:
        "{{ $value | humanizePercentage }} of the calls to {{ $labels.service }} took longer than 500 ms in the last five minutes, and more than 14.4 % in the last hour. The objective is 1 %. Calls that wait for an order's outcome by wish are not counted.",
    }),
    alert({
      name: "SlowRequests",
      expr: SLOWNESS.slow,
      for: "5m",
      severity: "warning",
      summary: "{{ $labels.service }} is slow for {{ $value | humanizePercentage }} of its calls, for hours",
      description:
        "{{ $value | humanizePercentage }} of the calls to {{ $labels.service }} took longer than 500 ms in the last half hour, and more than 6 % in the last six hours. The objective is 1 %.",
    }),
  ],
};
