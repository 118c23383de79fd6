import type { Chart } from "cdk8s";
import { PodMonitor } from "../../imports/monitoring.coreos.com.ts";
import type { Binary } from "./binary.ts";
import { labelsOf, selectorOf } from "./labels.ts";

/** Scrapes the binary and its sidecar: by pods, because workers have no Service. */
export const addMonitor = (chart: Chart, binary: Binary): void => {
  const { name, opsPort } = binary;
  new PodMonitor(chart, `${name}-monitor`, {
    metadata: { name, labels: labelsOf(binary) },
    spec: {
      selector: { matchLabels: selectorOf(binary) },
      podTargetLabels: ["tandem.dev/context", "app.kubernetes.io/component"],
      podMetricsEndpoints: [
        // Our metrics say `service` themselves, the app id: without it the scraper's own label would take its place.
        { port: opsPort, path: "/metrics", interval: "15s", honorLabels: true },
        { port: "dapr-metrics", path: "/", interval: "30s" },
      ],
    },
  });
};
