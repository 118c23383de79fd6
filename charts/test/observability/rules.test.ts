import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type AlertRule, ruleGroups } from "../../src/observability/index.ts";
import { alertCases } from "./alert-cases.ts";
import { strangersIn } from "./known-metrics.ts";
import { promtool, runPromtool, withoutPromtool } from "./run-promtool.ts";

const groups = ruleGroups({ apis: ["order", "gateway"], workers: ["order-worker"] });
const rulesFile = { groups };
const alerts = groups.flatMap(({ rules }) => rules.filter((rule): rule is AlertRule => "alert" in rule));
const alertNames = [...new Set(alerts.map(({ alert }) => alert))];
const runbook = join(import.meta.dirname, "../../../docs/runbooks/alerts.md");

const labelText = (labels: Readonly<Record<string, string>>) =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(", ")}}`;

const testFile = (alert: string) => ({
  rule_files: ["rules.yaml"],
  evaluation_interval: "1m",
  tests: (alertCases[alert] ?? []).map(({ says, series, at, firing }) => ({
    name: says,
    interval: "1m",
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [
      {
        expr: `ALERTS{alertname="${alert}", alertstate="firing"}`,
        eval_time: at,
        exp_samples: firing.map((labels) => ({
          labels: `ALERTS${labelText({ alertname: alert, alertstate: "firing", ...labels })}`,
          value: 1,
        })),
      },
    ],
  })),
});

/** One alert and the records that it reads: all of them for each alert would be minutes. */
const rulesOfAlert = (name: string) => {
  const own = groups.flatMap(({ rules }) => rules.filter((rule) => "alert" in rule && rule.alert === name));
  const records = groups.flatMap(({ rules }) =>
    rules.filter((rule) => "record" in rule && own.some(({ expr }) => expr.includes(rule.record))),
  );
  return {
    groups: [
      { name: "records", rules: records },
      { name: "alerts", rules: own },
    ],
  };
};

describe("rules", () => {
  it("name only metrics and labels that the running binaries have", () => {
    const strangers = groups.flatMap(({ rules }) => rules.flatMap(({ expr }) => strangersIn(expr, groups)));
    expect(strangers).toEqual([]);
  });

  it("a metric that nobody has, and a label that it does not have, are found", () => {
    expect(strangersIn("rate(tandem_outbox_backlogs[5m]) > 0", groups)).toEqual([
      "tandem_outbox_backlogs: no such metric",
    ]);
    expect(strangersIn('tandem_outbox_backlog{status="pending"}', groups)).toEqual([
      "tandem_outbox_backlog: no label status",
    ]);
  });

  it("have the seven alerts of the platform's promise", () => {
    expect(alertNames).toEqual(
      expect.arrayContaining([
        "HighErrorRate",
        "SlowRequests",
        "CircuitBreakerOpen",
        "SagaStuck",
        "OutboxBacklog",
        "DeadLetters",
        "JobMissed",
      ]),
    );
  });

  it.each(alertNames)("%s is tested for firing and, unless it always does, for not firing", (name) => {
    const cases = alertCases[name] ?? [];
    expect(cases.some(({ firing }) => firing.length > 0)).toBe(true);
    expect(cases.some(({ firing }) => firing.length === 0)).toBe(name !== "Watchdog");
  });

  it.each(alerts.map((alert) => [alert.alert, alert.labels.severity, alert] as const))(
    "%s (%s) says how bad, what, how much, and where to read on",
    (_, __, { annotations }) => {
      expect(annotations.summary).not.toBe("");
      expect(annotations.description.length).toBeGreaterThan(40);
      expect(annotations.runbook_url).toMatch(/\/docs\/runbooks\/alerts\.md#[a-z]+$/);
    },
  );

  it("the runbook has a section for each alert, and none for others", async () => {
    const text = await readFile(runbook, "utf8");
    const sections = [...text.matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
    expect(sections.toSorted()).toEqual(alertNames.toSorted());
  });
});

describe("rules in Prometheus", () => {
  if (withoutPromtool && !promtool.found) it.skip(`need promtool: ${promtool.reason}`);

  it.skipIf(withoutPromtool)("are accepted by promtool", async () => {
    const { ok, output } = await runPromtool(["check", "rules", "rules.yaml"], { "rules.yaml": rulesFile });
    expect(ok, output).toBe(true);
  });

  it.skipIf(withoutPromtool).each(alertNames)(
    "%s fires when it should and only then",
    { timeout: 60_000 },
    async (name) => {
      const { ok, output } = await runPromtool(["test", "rules", "test.yaml"], {
        "rules.yaml": rulesOfAlert(name),
        "test.yaml": testFile(name),
      });
      expect(ok, output).toBe(true);
    },
  );

  it.skipIf(withoutPromtool)("a case that expects the wrong thing fails: the tests above do look", async () => {
    const wrong = structuredClone(testFile("SagaStuck")) as ReturnType<typeof testFile>;
    const [first] = wrong.tests;
    const [looked] = first?.promql_expr_test ?? [];
    if (looked) looked.exp_samples = [];
    const { ok, output } = await runPromtool(["test", "rules", "test.yaml"], {
      "rules.yaml": rulesFile,
      "test.yaml": wrong,
    });
    expect(ok).toBe(false);
    expect(output).toContain("SagaStuck");
  });

  it.skipIf(withoutPromtool)("their words carry the numbers", async () => {
    const expected = (
      alert: string,
      labels: object,
      summary: string,
      description: string,
      url = alert.toLowerCase(),
    ) => ({
      eval_time: "10m",
      alertname: alert,
      exp_alerts: [
        {
          exp_labels: labels,
          exp_annotations: {
            summary,
            description,
            runbook_url: alerts.find((one) => one.alert === alert)?.annotations.runbook_url.replace(/#.*/, `#${url}`),
          },
        },
      ],
    });
    const test = {
      rule_files: ["rules.yaml"],
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          input_series: [
            { series: 'tandem_outbox_backlog{service="order-worker", state="pending"}', values: "1500x20" },
            { series: 'tandem_dead_letters_open{service="order-worker", consumer="order.on-x"}', values: "3x20" },
            {
              series: 'tandem_job_last_missed_timestamp_seconds{service="order-worker", cron_job="order.y"}',
              values: "0x4 300x20",
            },
          ],
          alert_rule_test: [
            expected(
              "OutboxBacklog",
              { severity: "warning", service: "order-worker" },
              "order-worker has 1500 events waiting to be published",
              "1500 events of order-worker have waited in the outbox, more than 1000 for five minutes. Nothing is lost; whoever consumes them is behind.",
            ),
            expected(
              "DeadLetters",
              { severity: "warning", service: "order-worker", consumer: "order.on-x" },
              "order.on-x has 3 dead letters",
              "3 events that order.on-x (order-worker) could not handle wait to be replayed or discarded.",
            ),
            expected(
              "JobMissed",
              { severity: "warning", service: "order-worker", cron_job: "order.y" },
              "order.y missed a slot",
              "The job order.y (order-worker) did not run when it should have; that was noticed 5m 0s ago. Whether the run is made up for is the job's policy.",
            ),
          ],
        },
      ],
    };
    const { ok, output } = await runPromtool(["test", "rules", "test.yaml"], {
      "rules.yaml": rulesFile,
      "test.yaml": test,
    });
    expect(ok, output).toBe(true);
  });
});
