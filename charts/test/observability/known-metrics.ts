import daprd from "../../src/observability/daprd-inventory.json" with { type: "json" };
import type { RuleGroup } from "../../src/observability/index.ts";
import inventory from "../../src/observability/metric-inventory.json" with { type: "json" };
import { readExpression, withoutVariables } from "./read-expression.ts";

const TARGET = ["namespace", "pod", "instance", "job", "container"];
/** Of our records; what they keep is said by their `by`. */
const RECORDED = ["namespace", "service", "circuit", "pool"];
const HISTOGRAM = ["_bucket", "_sum", "_count"];

/** Series that there can be, by name: with their labels. */
const knownSeries = (groups: readonly RuleGroup[]): ReadonlyMap<string, readonly string[]> =>
  new Map([
    ...[...inventory, ...daprd].flatMap(({ name, type, labels, of }) => {
      const all = [...labels, ...TARGET, ...(of.includes("process") || of.includes("daprd") ? [] : ["service"])];
      return type === "histogram"
        ? HISTOGRAM.map((end) => [`${name}${end}`, end === "_bucket" ? [...all, "le"] : all] as const)
        : [[name, all] as const];
    }),
    ...groups.flatMap(({ rules }) =>
      rules.flatMap((rule) => ("record" in rule ? [[rule.record, RECORDED] as const] : [])),
    ),
  ]);

/** What an expression names that no binary has, one line each. @throws SyntaxError */
export const strangersIn = (expr: string, groups: readonly RuleGroup[]): readonly string[] => {
  const known = knownSeries(groups);
  return readExpression(withoutVariables(expr)).selected.flatMap(({ metric, labels }) => {
    const has = known.get(metric);
    if (!has) return [`${metric}: no such metric`];
    return labels.filter((label) => !has.includes(label)).map((label) => `${metric}: no label ${label}`);
  });
};
