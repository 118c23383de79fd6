import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Document, parseDocument } from "yaml";
import { runJudges } from "./run-judges.ts";

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: order, namespace: tandem, labels: { app: order } }
spec:
  replicas: 2
  selector: { matchLabels: { app: order } }
  template:
    metadata: { labels: { app: order } }
    spec:
      automountServiceAccountToken: false
      securityContext: { runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 1
              podAffinityTerm: { topologyKey: kubernetes.io/hostname, labelSelector: { matchLabels: { app: order } } }
      containers:
        - name: api
          image: localhost/tandem/order:dev
          resources: { requests: { cpu: 10m, memory: 64Mi }, limits: { memory: 64Mi } }
          readinessProbe: { httpGet: { path: /readyz, port: 8001 } }
          livenessProbe: { httpGet: { path: /livez, port: 8001 } }
          securityContext:
            { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsUser: 65532, runAsGroup: 65532, capabilities: { drop: [ALL] } }
`;

const budget = `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: order, namespace: tandem }
spec: { maxUnavailable: 1, selector: { matchLabels: { app: order } } }
`;

const networkPolicy = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: order, namespace: tandem }
spec: { podSelector: { matchLabels: { app: order } }, policyTypes: [Ingress, Egress] }
`;

const component = `
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: pubsub, namespace: tandem }
spec: { type: pubsub.redis, version: v1, metadata: [{ name: redisHost, value: "redis:6379" }] }
scopes: [order]
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-judges-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is found, as `gate: object: message`, in the sound objects with one thing changed. */
const findings = async (
  changed: { readonly text: string; readonly change: (document: Document) => void } = {
    text: deployment,
    change: () => {},
  },
): Promise<readonly string[]> => {
  const document = parseDocument(changed.text);
  changed.change(document);
  const files = Object.entries({
    "deployment.yaml": changed.text === deployment ? String(document) : deployment,
    "budget.yaml": changed.text === budget ? String(document) : budget,
    "network-policy.yaml": networkPolicy,
    "component.yaml": changed.text === component ? String(document) : component,
  }).map(([name, content]) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  });
  return (await runJudges(files)).map(({ gate, object, message }) => `${gate}: ${object}: ${message}`);
};

const container = ["spec", "template", "spec", "containers", 0];

test("nothing is found in sound objects", async () => {
  expect(await findings()).toEqual([]);
});

test.each<[string, string, (document: Document) => void, RegExp]>([
  [
    "a field that Kubernetes does not know",
    deployment,
    (document) => document.setIn(["spec", "replicaz"], 3),
    /^schema: Deployment tandem\/order: .*replicaz/,
  ],
  [
    "a number where a text belongs",
    deployment,
    (document) => document.setIn([...container, "image"], 7),
    /^schema: Deployment tandem\/order: .*image/,
  ],
  [
    "a kind that nobody knows",
    component,
    (document) => document.set("kind", "Compoment"),
    /^schema: Compoment tandem\/pubsub: .*could not find schema/,
  ],
  [
    "a field that the CRD does not have",
    component,
    (document) => document.setIn(["spec", "scopes"], ["order"]),
    /^schema: Component tandem\/pubsub: .*scopes/,
  ],
  [
    "a field that the CRD demands",
    component,
    (document) => document.deleteIn(["spec", "type"]),
    /^schema: Component tandem\/pubsub: .*type/,
  ],
  [
    "a misspelled field of a custom resource's metadata",
    component,
    (document) => document.setIn(["metadata", "anotations"], {}),
    /^schema: Component tandem\/pubsub: .*anotations/,
  ],
  [
    "capabilities that are kept",
    deployment,
    (document) => document.deleteIn([...container, "securityContext", "capabilities"]),
    /^pod-security: Deployment tandem\/order: unrestricted capabilities/,
  ],
  [
    "a user who may be root",
    deployment,
    (document) => document.setIn(["spec", "template", "spec", "securityContext", "runAsNonRoot"], false),
    /^pod-security: Deployment tandem\/order: runAsNonRoot/,
  ],
  [
    "a folder of the node",
    deployment,
    (document) => document.setIn(["spec", "template", "spec", "volumes"], [{ name: "a", hostPath: { path: "/" } }]),
    /^pod-security: Deployment tandem\/order: .*hostPath/,
  ],
  [
    "a probe that makes the kubelet call another host",
    deployment,
    (document) => document.setIn([...container, "livenessProbe", "httpGet", "host"], "example.com"),
    /^pod-security: Deployment tandem\/order: hostProbes: api\.livenessProbe/,
  ],
  [
    "a root file system that can be written",
    deployment,
    (document) => document.setIn([...container, "securityContext", "readOnlyRootFilesystem"], false),
    /^kube-score: Deployment tandem\/order: container-security-context-readonlyrootfilesystem/,
  ],
  [
    "a container without requests",
    deployment,
    (document) => document.deleteIn([...container, "resources"]),
    /^kube-score: Deployment tandem\/order: container-resources/,
  ],
  [
    "a budget that matches no pod, so that the Deployment has none",
    budget,
    (document) => document.setIn(["spec", "selector", "matchLabels", "app"], "nobody"),
    /^kube-score: Deployment tandem\/order: deployment-has-poddisruptionbudget/,
  ],
])("%s is found, once, by its gate", async (_, text, change, expected) => {
  const found = await findings({ text, change });
  expect(found.filter((finding) => expected.test(finding))).toHaveLength(1);
});
