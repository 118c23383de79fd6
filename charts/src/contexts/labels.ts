import type { Binary } from "./binary.ts";

type Labels = Readonly<Record<string, string>>;

/** What picks the pods of one Deployment: it may never change. */
export const selectorOf = ({ context, component, mode }: Pick<Binary, "context" | "component" | "mode">): Labels => ({
  "app.kubernetes.io/name": context,
  "app.kubernetes.io/component": component,
  ...(mode === undefined || mode === "all" ? {} : { "tandem.dev/mode": mode }),
});

const shared = (context: string): Labels => ({
  "app.kubernetes.io/part-of": "tandem",
  "app.kubernetes.io/managed-by": "cdk8s",
  "tandem.dev/context": context,
});

/** Of what belongs to one binary; of its pods too. */
export const labelsOf = (binary: Pick<Binary, "context" | "component" | "mode">, version?: string): Labels => ({
  ...selectorOf(binary),
  ...shared(binary.context),
  ...(version === undefined ? {} : { "app.kubernetes.io/version": version }),
});

export const migrationLabels = (context: string, version?: string): Labels => ({
  "app.kubernetes.io/name": context,
  "app.kubernetes.io/component": "migrate",
  ...shared(context),
  ...(version === undefined ? {} : { "app.kubernetes.io/version": version }),
});

/** Of what belongs to all of a context, or to all contexts. */
export const commonLabels = (name: string): Labels => ({
  "app.kubernetes.io/name": name,
  "app.kubernetes.io/part-of": "tandem",
  "app.kubernetes.io/managed-by": "cdk8s",
});
