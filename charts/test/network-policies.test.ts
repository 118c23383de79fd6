import { describe, expect, it } from "vitest";
import { environments } from "../src/environments/index.ts";
import { type Found, objectsOf } from "./fixtures.ts";

// The cluster that this project is tried on accepts network policies and enforces none: here they are read as one that does would.

type Labels = Readonly<Record<string, string>>;
type End = { readonly namespace: string; readonly labels: Labels } | { readonly address: string };

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
}
interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}
interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly port: number; readonly protocol?: string }[];
}
interface Policy {
  readonly namespace: string;
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

const selects = ({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, operator, values }) => {
    if (operator !== "In") throw new Error(`the operator ${operator} is not read here`);
    return values.includes(labels[key] ?? "");
  });

const toNumber = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
const within = (address: string, cidr: string): boolean => {
  const [base = "", bits = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(bits));
  return Math.floor(toNumber(address) / size) === Math.floor(toNumber(base) / size);
};

const meets = (peer: Peer, end: End, home: string): boolean => {
  if ("address" in end) {
    const { cidr, except = [] } = peer.ipBlock ?? {};
    return cidr !== undefined && within(end.address, cidr) && !except.some((one) => within(end.address, one));
  }
  if (peer.ipBlock !== undefined) return false;
  const inNamespace =
    peer.namespaceSelector === undefined
      ? end.namespace === home
      : selects(peer.namespaceSelector, { "kubernetes.io/metadata.name": end.namespace });
  return inNamespace && selects(peer.podSelector ?? {}, end.labels);
};

const policiesOf = (objects: readonly Found[]): readonly Policy[] =>
  objects
    .filter(({ manifest }) => manifest.kind === "NetworkPolicy")
    .map(
      ({ manifest }) => ({ namespace: manifest.metadata.namespace ?? "", ...(manifest["spec"] as object) }) as Policy,
    );

const passes = (
  policies: readonly Policy[],
  side: "Ingress" | "Egress",
  self: End,
  other: End,
  port: number,
): boolean => {
  if ("address" in self) return true;
  const mine = policies.filter(
    ({ namespace, podSelector, policyTypes }) =>
      namespace === self.namespace && policyTypes.includes(side) && selects(podSelector, self.labels),
  );
  return (
    mine.length === 0 ||
    mine.some(({ namespace, ingress = [], egress = [] }) =>
      (side === "Ingress" ? ingress : egress).some(({ from, to, ports }) => {
        const peers = side === "Ingress" ? from : to;
        const somebody = peers === undefined || peers.some((peer) => meets(peer, other, namespace));
        return somebody && (ports === undefined || ports.some((one) => one.port === port));
      }),
    )
  );
};

/** A pod as its Deployment, StatefulSet or Job makes it, by name; or an end that is none of ours. */
const resolve = (objects: readonly Found[], end: End | string): End => {
  if (typeof end !== "string") return end;
  const found = objects.find(({ manifest: { kind, metadata } }) => metadata.name === end && MAKERS.includes(kind));
  if (!found) throw new Error(`nothing makes pods by the name ${end}`);
  const { manifest } = found;
  return { namespace: manifest.metadata.namespace ?? "", labels: manifest["spec"].template.metadata.labels as Labels };
};
const MAKERS = ["Deployment", "StatefulSet", "Job"];

const allowed = (objects: readonly Found[], from: End | string, to: End | string, port: number): boolean => {
  const policies = policiesOf(objects);
  const [source, target] = [resolve(objects, from), resolve(objects, to)];
  return passes(policies, "Egress", source, target, port) && passes(policies, "Ingress", target, source, port);
};

const elsewhere: End = { namespace: "somebody-else", labels: { "app.kubernetes.io/part-of": "tandem" } };
const world: End = { address: "203.0.113.7" };
const cloud: End = { address: "10.3.2.1" };
const dns: End = { namespace: "kube-system", labels: { "k8s-app": "kube-dns" } };
const controlPlane: End = { namespace: "dapr-system", labels: { app: "dapr-operator" } };

type Case = readonly [what: string, from: End | string, to: End | string, port: number];

describe("in local, the network lets", () => {
  const objects = objectsOf(environments.local);

  it.each<Case>([
    ["the world to the door", world, "gateway", 8080],
    ["the world to the door, by gRPC", world, "gateway", 9080],
    ["a sidecar to another", "gateway", "order", 50_002],
    ["a sidecar to the control plane", "order", controlPlane, 6500],
    ["a worker ask for names", "order-worker", dns, 53],
    ["an API to its database", "order", "postgres", 5432],
    ["a worker to its database", "order-worker", "postgres", 5432],
    ["the door to its state store", "gateway", "postgres", 5432],
    ["a migration to its database", "order-migrate", "postgres", 5432],
    ["a worker to the broker", "order-worker", "redis", 6379],
    ["the API whose state store publishes to the broker", "order", "redis", 6379],
    ["notification to the inbox, for mails", "notification-worker", "local-inbox", 1025],
    ["notification to the inbox, for text messages", "notification-worker", "local-inbox", 8025],
    ["an API ask for the keys of tokens", "catalog", "auth", 8012],
    ["a worker ask for a token of its own", "order-worker", "auth", 8012],
  ])("%s", (_what, from, to, port) => {
    expect(allowed(objects, from, to, port)).toBe(true);
  });

  it.each<Case>([
    ["the world past the door", world, "order", 8001],
    ["the world to a sidecar", world, "gateway", 50_002],
    ["the world to the probes of the door", world, "gateway", 8081],
    ["another namespace to an API", elsewhere, "order", 8001],
    ["another namespace to a sidecar", elsewhere, "order", 50_002],
    ["another namespace to a database", elsewhere, "postgres", 5432],
    ["one API to another past their sidecars", "order", "catalog", 8003],
    ["an app to another's sidecar's API", "order", "catalog", 3500],
    ["an API that publishes by its worker to the broker", "catalog", "redis", 6379],
    ["the door to the broker", "gateway", "redis", 6379],
    ["a migration to the broker", "order-migrate", "redis", 6379],
    ["a migration to an API", "order-migrate", "order", 8001],
    ["anybody but notification to the inbox", "order-worker", "local-inbox", 1025],
    ["a pod to the world", "order", world, 443],
    ["notification to the world, where mail ends in the inbox", "notification-worker", world, 587],
    ["a pod to the API server", "order", { address: "10.96.0.1" }, 443],
  ])("not %s", (_what, from, to, port) => {
    expect(allowed(objects, from, to, port)).toBe(false);
  });
});

describe("in production, the network lets", () => {
  const objects = objectsOf(environments.production);
  const ingress: End = { namespace: "ingress", labels: {} };
  const prometheus: End = { namespace: "observability", labels: {} };

  it.each<Case>([
    ["the ingress controller to the door", ingress, "gateway", 8080],
    ["Prometheus to an API", prometheus, "order", 8001],
    ["Prometheus to a worker", prometheus, "order-worker-event", 8081],
    ["Prometheus to a sidecar", prometheus, "order-worker-event", 9090],
    ["traces out", "order", prometheus, 4318],
    ["a worker to the managed broker", "order-worker-event", cloud, 9093],
    ["an API to the managed database", "order", cloud, 5432],
    ["search to its engine", "search-worker-event", cloud, 9200],
    ["notification to its mail provider", "notification-worker-cron", world, 587],
  ])("%s", (_what, from, to, port) => {
    expect(allowed(objects, from, to, port)).toBe(true);
  });

  it.each<Case>([
    ["the world to the door, past the ingress controller", world, "gateway", 8080],
    ["the ingress controller past the door", ingress, "order", 8001],
    ["Prometheus to a database's sidecar API", prometheus, "order", 3500],
    ["an API to the managed broker", "catalog", cloud, 9093],
    ["anybody but search to its engine", "order-worker-event", cloud, 9200],
    ["notification inside the private network by the provider's ports", "notification-worker-cron", cloud, 443],
    ["anybody else to the world", "order-worker-event", world, 443],
  ])("not %s", (_what, from, to, port) => {
    expect(allowed(objects, from, to, port)).toBe(false);
  });
});
