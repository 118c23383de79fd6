import type { Chart } from "cdk8s";
import {
  KubeNetworkPolicy,
  type NetworkPolicyEgressRule,
  type NetworkPolicyIngressRule,
} from "cdk8s-plus-33/lib/imports/k8s.js";
import type { Environment } from "../environments/index.ts";
import type { Platform } from "../platform.ts";
import { type Binary, sidecarPorts } from "./binary.ts";
import { labelsOf, selectorOf } from "./labels.ts";
import { peerOf, tcp } from "./network-rules.ts";

/** Whom the binary's pods may call beyond what all may: the broker, a provider, an engine. */
const egressOf = (
  binary: Binary,
  { topology }: Platform,
  { network, search }: Environment,
): NetworkPolicyEgressRule[] => {
  const { context, component, appId } = binary;
  const rule = ({ to, ports }: Environment["network"]["postgres"]) => ({ to: [peerOf(to)], ports: tcp(...ports) });
  return [
    // Relay and consumers; of the APIs only the one whose state store publishes.
    ...(component === "worker" || appId === topology.outbox.appId ? [rule(network.broker)] : []),
    ...(context === "notification" && component === "worker" ? [rule(network.mail)] : []),
    ...(context === "search" && search.engine === "elasticsearch" && network.search ? [rule(network.search)] : []),
  ];
};

/** Who may call them: whoever scrapes, the world at the door, and all of us at auth. */
const ingressOf = (binary: Binary, { gateway }: Platform, { network }: Environment): NetworkPolicyIngressRule[] => {
  const { context, component, ports, opsPort } = binary;
  const isApi = component === "api";
  return [
    { from: [peerOf(network.monitoring)], ports: tcp(ports[opsPort] ?? 0, sidecarPorts.metrics) },
    ...(isApi && context === gateway.context
      ? [
          {
            ...(network.ingress === undefined ? {} : { from: [peerOf(network.ingress)] }),
            ports: tcp(ports["http"] ?? 0, ports["grpc"] ?? 0),
          },
        ]
      : []),
    ...(isApi && context === "auth"
      ? [
          {
            from: [{ podSelector: { matchLabels: { "app.kubernetes.io/part-of": "tandem" } } }],
            ports: tcp(ports["http"] ?? 0),
          },
        ]
      : []),
  ];
};

/** One policy per Deployment, over the namespace's default deny. */
export const addNetworkPolicy = (chart: Chart, binary: Binary, platform: Platform, environment: Environment): void => {
  const { name } = binary;
  const egress = egressOf(binary, platform, environment);
  new KubeNetworkPolicy(chart, `${name}-network`, {
    metadata: { name, labels: labelsOf(binary) },
    spec: {
      podSelector: { matchLabels: selectorOf(binary) },
      policyTypes: ["Ingress", ...(egress.length > 0 ? ["Egress"] : [])],
      ingress: ingressOf(binary, platform, environment),
      ...(egress.length > 0 ? { egress } : {}),
    },
  });
};
