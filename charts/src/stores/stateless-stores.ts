import type { Chart } from "cdk8s";
import { IntOrString, KubeConfigMap, KubeDeployment, type Probe } from "cdk8s-plus-33/lib/imports/k8s.js";
import { stringify } from "yaml";
import { collectorConfig } from "../observability/collector-config.ts";
import {
  addSurroundings,
  metadataOf,
  podOf,
  resourcesOf,
  type Store,
  scratch,
  selectorOf,
  tcpProbe,
} from "./store-workload.ts";

const addStatelessStore = (chart: Chart, store: Store): void => {
  addSurroundings(chart, store);
  new KubeDeployment(chart, store.name, {
    metadata: metadataOf(store.name),
    spec: { replicas: 1, strategy: { type: "Recreate" }, selector: selectorOf(store.name), template: podOf(store) },
  });
};

const httpProbe = (path: string, port: string): Probe => ({
  httpGet: { path, port: IntOrString.fromString(port) },
  periodSeconds: 5,
  timeoutSeconds: 5,
});

/** Where mail and text messages end, and a page that shows them. */
export const addInbox = (chart: Chart, image: string): void => {
  const name = "local-inbox";
  const hosts = [name, `${name}.tandem-stores`, `${name}.tandem-stores.svc.cluster.local`];
  addStatelessStore(chart, {
    name,
    ports: { smtp: 1025, http: 8025 },
    user: 65_532,
    container: {
      image,
      command: ["/app/bin/server"],
      env: [{ name: "ALLOWED_HOSTS", value: hosts.join(",") }],
      startupProbe: tcpProbe("http", { periodSeconds: 2, failureThreshold: 60 }),
      livenessProbe: tcpProbe("http", { periodSeconds: 10, failureThreshold: 6 }),
      readinessProbe: httpProbe("/", "http"),
      resources: resourcesOf("10m", "64Mi", "192Mi"),
      volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
    },
    volumes: [scratch("tmp", "64Mi")],
  });
};

/** One node, without its security plugin: nobody but the search context may reach it. */
export const addOpenSearch = (chart: Chart, image: string): void =>
  addStatelessStore(chart, {
    name: "opensearch",
    ports: { http: 9200 },
    user: 1000,
    container: {
      image,
      env: [
        { name: "discovery.type", value: "single-node" },
        { name: "DISABLE_SECURITY_PLUGIN", value: "true" },
        { name: "DISABLE_INSTALL_DEMO_CONFIG", value: "true" },
        // No mmap: the node's vm.max_map_count is not ours to raise.
        { name: "node.store.allow_mmap", value: "false" },
        { name: "OPENSEARCH_JAVA_OPTS", value: "-Xms384m -Xmx384m" },
      ],
      startupProbe: { ...httpProbe("/_cluster/health", "http"), failureThreshold: 60 },
      livenessProbe: { ...tcpProbe("http"), periodSeconds: 20, failureThreshold: 6 },
      readinessProbe: httpProbe("/_cluster/health", "http"),
      resources: resourcesOf("100m", "512Mi", "1Gi"),
      volumeMounts: [
        { name: "data", mountPath: "/usr/share/opensearch/data" },
        { name: "tmp", mountPath: "/tmp" },
      ],
    },
    volumes: [scratch("data", "2Gi"), scratch("tmp", "256Mi")],
    // It writes a keystore into its configuration and logs beside its program.
    writableRoot: true,
  });

/** Takes what apps and sidecars trace, and shows it in its log: enough to see that something arrives. */
export const addOtelCollector = (chart: Chart, image: string): void => {
  const name = "otel-collector";
  new KubeConfigMap(chart, `${name}-config`, {
    metadata: metadataOf(name),
    data: { "config.yaml": stringify(collectorConfig({ kind: "log" })) },
  });
  addStatelessStore(chart, {
    name,
    ports: { "otlp-grpc": 4317, "otlp-http": 4318, health: 13133 },
    user: 10_001,
    container: {
      image,
      args: ["--config=/etc/otelcol/config.yaml"],
      startupProbe: { ...httpProbe("/", "health"), failureThreshold: 30 },
      livenessProbe: { ...httpProbe("/", "health"), periodSeconds: 10, failureThreshold: 6 },
      readinessProbe: httpProbe("/", "health"),
      resources: resourcesOf("20m", "64Mi", "256Mi"),
      volumeMounts: [{ name: "config", mountPath: "/etc/otelcol", readOnly: true }],
    },
    volumes: [{ name: "config", configMap: { name } }],
  });
};
