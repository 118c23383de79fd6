/** Nobody's night: `none`. A ticket: `warning`. Somebody gets up: `critical`. */
export type Severity = "critical" | "warning" | "none";

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** How long it must hold: `5m`. Absent: at once. */
  readonly for?: string;
  readonly labels: { readonly severity: Severity };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

export interface RecordingRule {
  /** `level:metric:operations`. */
  readonly record: string;
  readonly expr: string;
}

export type Rule = AlertRule | RecordingRule;

export interface RuleGroup {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly Rule[];
}

export interface AlertSpec {
  readonly name: string;
  readonly expr: string;
  readonly for?: string;
  readonly severity: Severity;
  /** One line for a phone. */
  readonly summary: string;
  /** With the numbers, and what it means. */
  readonly description: string;
}

const RUNBOOK = "https://github.com/tandem-commerce/tandem/blob/main/docs/runbooks/alerts.md";

/** An alert whose section in the runbook has its name. */
export const alert = ({ name, expr, severity, summary, description, ...rest }: AlertSpec): AlertRule => ({
  alert: name,
  expr: oneLine(expr),
  ...(rest.for === undefined ? {} : { for: rest.for }),
  labels: { severity },
  annotations: { summary, description, runbook_url: `${RUNBOOK}#${name.toLowerCase()}` },
});

export const record = (name: string, expr: string): RecordingRule => ({ record: name, expr: oneLine(expr) });

const oneLine = (expr: string): string => expr.replaceAll(/\s+/g, " ").trim();

/** A gauge read from a database is the same in every replica: the largest of them, never their sum. */
export const perService = (metric: string, ...labels: readonly string[]): string =>
  `max by (${["namespace", "service", ...labels].join(", ")}) (${metric})`;

/** What several replicas counted, together. */
export const summed = (metric: string, range: string, ...labels: readonly string[]): string =>
  `sum by (${["namespace", "service", ...labels].join(", ")}) (increase(${metric}[${range}]))`;
