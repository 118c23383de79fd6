import {
  IntOrString,
  KubeNamespace,
  KubeNetworkPolicy,
  type LabelSelector,
  type NetworkPolicySpec,
} from "cdk8s-plus-33/lib/imports/k8s.js";
import type { Environment } from "../environments/index.ts";
import type { Scope } from "../scope.ts";
import { sidecarPorts } from "./binary.ts";
import { commonLabels } from "./labels.ts";
import { peerOf, tcp } from "./network-rules.ts";

/**
 * Ports of the control plane's pods: operator (components), sentry (certificates), placement and scheduler. Nothing here uses
 * the last two, and who ever does shall not have to look for this line. The injector calls nobody here: the API server asks it.
 */
const CONTROL_PLANE_PORTS = [6500, 50_001, 50_005, 50_006] as const;

const components = (...values: readonly string[]): LabelSelector => ({
  matchLabels: { "app.kubernetes.io/part-of": "tandem" },
  matchExpressions: [{ key: "app.kubernetes.io/component", operator: "In", values: [...values] }],
});
const withSidecar = components("api", "worker");
const withDatabase = components("api", "worker", "migrate");

/** What holds for all pods. Policies add up: each context adds what only it may. */
const policies = ({ network }: Environment): Readonly<Record<string, NetworkPolicySpec>> => ({
  "default-deny": { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
  "allow-dns": {
    podSelector: {},
    policyTypes: ["Egress"],
    egress: [
      {
        to: [peerOf({ namespace: "kube-system", labels: { "k8s-app": "kube-dns" } })],
        ports: (["UDP", "TCP"] as const).map((protocol) => ({ protocol, port: IntOrString.fromNumber(53) })),
      },
    ],
  },
  "allow-sidecars": {
    podSelector: withSidecar,
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ from: [{ podSelector: withSidecar }], ports: tcp(sidecarPorts.internalGrpc) }],
    egress: [
      { to: [{ podSelector: withSidecar }], ports: tcp(sidecarPorts.internalGrpc) },
      { to: [peerOf({ namespace: "dapr-system" })], ports: tcp(...CONTROL_PLANE_PORTS) },
    ],
  },
  // The state stores are in it as well, of the gateway too.
  "allow-postgres": {
    podSelector: withDatabase,
    policyTypes: ["Egress"],
    egress: [{ to: [peerOf(network.postgres.to)], ports: tcp(...network.postgres.ports) }],
  },
  // Keys of tokens, and tokens of one's own.
  "allow-auth": {
    podSelector: withSidecar,
    policyTypes: ["Egress"],
    egress: [
      {
        to: [
          { podSelector: { matchLabels: { "app.kubernetes.io/name": "auth", "app.kubernetes.io/component": "api" } } },
        ],
        ports: tcp(8012),
      },
    ],
  },
  ...(network.otel === undefined
    ? {}
    : {
        "allow-traces": {
          podSelector: withSidecar,
          policyTypes: ["Egress"],
          egress: [{ to: [peerOf(network.otel.to)], ports: tcp(...network.otel.ports) }],
        },
      }),
});

/** Layer `00-namespaces`: the namespace of the contexts, and what nobody in it may do. */
export const addNamespace = (scope: Scope, environment: Environment): void => {
  const { namespace } = environment;
  new KubeNamespace(scope.file("00-namespaces", "namespaces"), namespace, {
    metadata: {
      name: namespace,
      labels: {
        ...commonLabels(namespace),
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
        "pod-security.kubernetes.io/audit": "restricted",
      },
    },
  });
  const chart = scope.file("00-namespaces", "network-policies");
  for (const [name, spec] of Object.entries(policies(environment))) {
    new KubeNetworkPolicy(chart, name, { metadata: { name, namespace, labels: commonLabels(name) }, spec });
  }
};
