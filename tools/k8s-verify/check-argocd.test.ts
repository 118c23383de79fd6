import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { checkArgoCd } from "./check-argocd.ts";
import type { KubernetesObject } from "./finding.ts";

const read = (file: string, text: string): readonly KubernetesObject[] =>
  parseAllDocuments(text).map((document) => ({ ...(document.toJS() as KubernetesObject), file }));

const project = read(
  "/repo/k8s/argocd/local/projects.yaml",
  `
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: { name: tandem-local, namespace: argocd }
spec:
  destinations: [{ namespace: tandem, server: here }]
  clusterResourceWhitelist: [{ group: "", kind: Namespace }]
  namespaceResourceWhitelist:
    - { group: batch, kind: Job }
    - { group: "", kind: ConfigMap }
    - { group: "", kind: ServiceAccount }
`,
);

const job = (metadata = "") => `
apiVersion: batch/v1
kind: Job
metadata: { name: order-migrate, namespace: tandem, annotations: { argocd.argoproj.io/hook: PreSync } ${metadata} }
spec:
  template:
    spec:
      serviceAccountName: order-migrate
      containers: [{ name: migrate, envFrom: [{ configMapRef: { name: order } }] }]
`;

const account = (hook: boolean) => `
apiVersion: v1
kind: ServiceAccount
metadata: { name: order-migrate, namespace: tandem${hook ? ", annotations: { argocd.argoproj.io/hook: PreSync }" : ""} }
`;

const settings = (name = "order", namespace = "tandem") => `
apiVersion: v1
kind: ConfigMap
metadata: { name: ${name}, namespace: ${namespace} }
`;

const inOrder = (name: string, text: string) => read(`/repo/k8s/local/30-contexts/order/${name}.yaml`, text);
const earlier = (text: string) => read("/repo/k8s/local/00-namespaces/earlier.yaml", text);

const found = (...objects: readonly (readonly KubernetesObject[])[]): readonly string[] =>
  checkArgoCd([...project, ...objects.flat()]).map(({ object, message }) => `${object} ${message}`);

test("a hook whose needs are hooks too, or stand in an earlier layer, is fine", () => {
  expect(found(inOrder("migrate", job()), inOrder("account", account(true)), earlier(settings()))).toEqual([]);
});

test("a hook that needs what is applied after it would wait for ever", () => {
  const all = found(inOrder("migrate", job()), inOrder("account", account(false)), inOrder("api", settings()));
  expect(all).toEqual([
    "Job tandem/order-migrate is a PreSync hook and needs ServiceAccount tandem/order-migrate, which is applied after it",
    "Job tandem/order-migrate is a PreSync hook and needs ConfigMap tandem/order, which is applied after it",
  ]);
});

test("a hook that needs what nobody applies is found", () => {
  expect(found(inOrder("migrate", job()), inOrder("account", account(true)))).toEqual([
    "Job tandem/order-migrate is a PreSync hook and needs ConfigMap tandem/order, which is nowhere",
  ]);
});

test.each([
  [
    "a kind",
    "apiVersion: v1\nkind: Secret\nmetadata: { name: a, namespace: tandem }",
    /Secret tandem\/a no AppProject/,
  ],
  ["a namespace", settings("a", "kube-system"), /ConfigMap kube-system\/a no AppProject allows .* in kube-system/],
  [
    "a kind of the cluster",
    "apiVersion: v1\nkind: Node\nmetadata: { name: a }",
    /Node a no AppProject .* in the cluster/,
  ],
  [
    "another group's kind of the same name",
    "apiVersion: example.com/v1\nkind: Job\nmetadata: { name: a, namespace: tandem }",
    /Job tandem\/a no AppProject allows Job of group "example.com"/,
  ],
])("%s that no project allows is found", (_, text, sentence) => {
  const all = found(inOrder("more", text));
  expect(all).toHaveLength(1);
  expect(all[0]).toMatch(sentence);
});

test("an object that stands in two files is found: two Applications would fight over it", () => {
  expect(found(inOrder("one", settings()), earlier(settings()))).toEqual([
    "ConfigMap tandem/order stands in /repo/k8s/local/30-contexts/order/one.yaml too",
  ]);
});

test("what a person applies, projects and settings, needs no project", () => {
  expect(found(read("/repo/k8s/argocd/local/settings.yaml", settings("argocd-cm", "argocd")))).toEqual([]);
});
