import { KubePriorityClass } from "cdk8s-plus-33/lib/imports/k8s.js";
import type { Scope } from "../scope.ts";
import type { Binary } from "./binary.ts";
import { commonLabels } from "./labels.ts";

/** When a node is lost, callers come first: what workers have to do waits in outbox and broker. */
const classes = {
  api: { name: "tandem-api", value: 100_000, description: "Answers callers" },
  worker: { name: "tandem-worker", value: 50_000, description: "Works on what waits in outbox and broker" },
} as const;

export const priorityOf = (component: Binary["component"]): string => classes[component].name;

export const addPriorities = (scope: Scope): void => {
  const chart = scope.file("00-namespaces", "priorities");
  for (const { name, value, description } of Object.values(classes)) {
    new KubePriorityClass(chart, name, { metadata: { name, labels: commonLabels(name) }, value, description });
  }
};
