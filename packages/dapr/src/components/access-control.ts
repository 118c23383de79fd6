import type { Topology, TopologyOperation } from "./topology.ts";

/** Names the platform's apps in their certificates, so that one of another platform in the cluster is not taken for ours. */
export const TRUST_DOMAIN = "tandem";

/**
 * Who may call the app. The caller is known by the certificate of its sidecar: without mTLS nobody is, and nothing is allowed.
 * In daprd a path stands for all below it, and the first that fits decides; that is what the order of operations is for.
 */
export const accessControlOf = ({ calls = [] }: Topology, namespace: string, appId: string) => {
  const policies = calls
    .filter(({ callee }) => callee === appId)
    .map(({ caller, operations }) => ({
      appId: caller,
      defaultAction: "deny",
      trustDomain: TRUST_DOMAIN,
      namespace,
      operations: operations.map(toOperation),
    }));
  return { defaultAction: "deny", trustDomain: TRUST_DOMAIN, ...(policies.length === 0 ? {} : { policies }) };
};

const toOperation = ({ path, methods }: TopologyOperation) =>
  methods.length === 0
    ? { name: path, httpVerb: ["*"], action: "deny" }
    : { name: path, httpVerb: [...methods], action: "allow" };
