import type { SyntaxNode } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";

export interface Selected {
  readonly metric: string;
  /** Labels that its matchers name. */
  readonly labels: readonly string[];
}

export interface ReadExpression {
  readonly selected: readonly Selected[];
  /** Labels that `by`, `on`, `group_left` and the like name. */
  readonly grouped: readonly string[];
}

const childrenOf = (node: SyntaxNode, name: string): SyntaxNode[] => {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (child.name === name) found.push(child);
    else found.push(...childrenOf(child, name));
  }
  return found;
};

/** Grafana's variables as Prometheus would see them. */
export const withoutVariables = (expr: string): string =>
  expr.replaceAll(/\$__(rate_interval|range|interval)/g, "5m").replaceAll("$namespace", "tandem");

/** Which metrics and labels an expression names. @throws SyntaxError where Prometheus' grammar has no place for it */
export const readExpression = (expr: string): ReadExpression => {
  const tree = parser.parse(expr);
  tree.iterate({
    enter: (node) => {
      if (node.type.isError)
        throw new SyntaxError(`${expr}: not PromQL at ${node.from}: ${expr.slice(node.from, node.from + 20)}`);
    },
  });
  const textOf = ({ from, to }: SyntaxNode): string => expr.slice(from, to);
  const selected = childrenOf(tree.topNode, "VectorSelector").map((node) => ({
    metric: childrenOf(node, "Identifier").map(textOf)[0] ?? "",
    labels: childrenOf(node, "LabelName").map(textOf),
  }));
  const grouped = childrenOf(tree.topNode, "GroupingLabels").flatMap((node) =>
    childrenOf(node, "LabelName").map(textOf),
  );
  return { selected, grouped };
};
