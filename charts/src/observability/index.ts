import { KubeConfigMap } from "cdk8s-plus-33/lib/imports/k8s.js";
import { PrometheusRule, PrometheusRuleSpecGroupsRulesExpr } from "../../imports/monitoring.coreos.com.ts";
import type { Environment } from "../environments/index.ts";
import type { Platform } from "../platform.ts";
import type { Scope } from "../scope.ts";
import { dashboards } from "./dashboards/index.ts";
import { type RuleGroup, ruleGroups } from "./rules/index.ts";

export { type AlertRule, type RuleGroup, ruleGroups } from "./rules/index.ts";

const labels = { "app.kubernetes.io/part-of": "tandem", "app.kubernetes.io/managed-by": "cdk8s" };

/** All app ids that must show themselves. */
export const rulesOf = ({ contexts, gateway }: Pick<Platform, "contexts" | "gateway">): readonly RuleGroup[] =>
  ruleGroups({
    apis: [...contexts.map(({ apiAppId }) => apiAppId), gateway.apiAppId],
    workers: contexts.map(({ workerAppId }) => workerAppId),
  });

export const dashboardsOf = ({ contexts, gateway }: Pick<Platform, "contexts" | "gateway">) =>
  dashboards([...contexts, gateway]);

/** Layer `40-observability`, where Prometheus' operator is: a PrometheusRule for each group of rules, a ConfigMap for each dashboard. */
export const addObservability = (scope: Scope, environment: Environment): void => {
  if (!environment.installed.prometheusOperator) return;
  const rules = scope.file("40-observability", "rules");
  for (const group of rulesOf(scope.platform)) {
    const name = group.name.replaceAll(".", "-");
    new PrometheusRule(rules, name, {
      metadata: { name, labels },
      spec: {
        groups: [
          {
            ...group,
            rules: group.rules.map((rule) => ({
              ...rule,
              expr: PrometheusRuleSpecGroupsRulesExpr.fromString(rule.expr),
            })),
          },
        ],
      },
    });
  }
  for (const dashboard of dashboardsOf(scope.platform)) {
    const name = `dashboard-${dashboard.uid}`;
    new KubeConfigMap(scope.file("40-observability", name), name, {
      metadata: {
        name,
        // What Grafana's sidecar looks for, and the folder it shows them in.
        labels: { ...labels, grafana_dashboard: "1" },
        annotations: { grafana_folder: "Tandem" },
      },
      data: { [`${dashboard.uid}.json`]: renderDashboard(dashboard) },
    });
  }
};

/** As it stands in files and ConfigMaps. */
export const renderDashboard = (dashboard: object): string => `${JSON.stringify(dashboard, null, 1)}\n`;
