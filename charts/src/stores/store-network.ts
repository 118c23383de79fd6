import type { Chart } from "cdk8s";
import { IntOrString, KubeNetworkPolicy, type NetworkPolicyPeer } from "cdk8s-plus-33/lib/imports/k8s.js";
import { metadataOf, selectorOf } from "./store-workload.ts";

const namespaceNamed = (name: string) => ({ matchLabels: { "kubernetes.io/metadata.name": name } });

/** Nobody reaches a store and no store reaches anybody, but for what is said beside. */
export const denyEverything = (chart: Chart): void => {
  new KubeNetworkPolicy(chart, "default-deny", {
    metadata: metadataOf("default-deny"),
    spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
  });
};

/** @param contexts app ids' contexts in `namespace` that may come; absent: all pods there */
export const admit = (
  chart: Chart,
  store: string,
  ports: readonly number[],
  { namespace, contexts }: { readonly namespace: string; readonly contexts?: readonly string[] },
  others: readonly NetworkPolicyPeer[] = [],
): void => {
  const pods =
    contexts === undefined
      ? {}
      : {
          podSelector: {
            matchExpressions: [{ key: "tandem.dev/context", operator: "In", values: [...contexts] }],
          },
        };
  new KubeNetworkPolicy(chart, `${store}-admission`, {
    metadata: metadataOf(store),
    spec: {
      podSelector: selectorOf(store),
      policyTypes: ["Ingress"],
      ingress: [
        {
          from: [{ namespaceSelector: namespaceNamed(namespace), ...pods }, ...others],
          ports: ports.map((port) => ({ port: IntOrString.fromNumber(port) })),
        },
      ],
    },
  });
};

/** The job that prepares the state database goes to postgres, and to the DNS that knows where that is. */
export const letStateJobOut = (chart: Chart, job: string): void => {
  new KubeNetworkPolicy(chart, `${job}-way-out`, {
    metadata: metadataOf(job),
    spec: {
      podSelector: selectorOf(job),
      policyTypes: ["Egress"],
      egress: [
        { to: [{ podSelector: selectorOf("postgres") }], ports: [{ port: IntOrString.fromNumber(5432) }] },
        {
          to: [{ namespaceSelector: namespaceNamed("kube-system") }],
          ports: ["UDP", "TCP"].map((protocol) => ({ protocol, port: IntOrString.fromNumber(53) })),
        },
      ],
    },
  });
};
