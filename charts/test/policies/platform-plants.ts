import { type Anything, annotationsOf, containerOf, drop, type Plant } from "./plant.ts";

/** What stands around pods: the network, images, secrets, names, Dapr. */
export const platformPlants: readonly Plant[] = [
  {
    rule: "namespace-denies-by-default",
    what: "a namespace without its default",
    says: "its namespace tandem has no NetworkPolicy that denies",
    change: (_, objects) => drop(objects, "NetworkPolicy", "default-deny"),
  },
  {
    rule: "namespace-denies-by-default",
    what: "a default for one direction",
    says: "its namespace tandem has no NetworkPolicy that denies",
    change: (object) => {
      object("NetworkPolicy", "default-deny").spec.policyTypes = ["Ingress"];
    },
  },
  {
    rule: "images-come-from-the-file",
    what: "an image of somewhere else",
    says: "is not what charts/images/local.json says",
    change: (object) => {
      containerOf(object("Deployment", "order")).image = "localhost/tandem/order:1";
    },
  },
  {
    rule: "images-come-from-the-file",
    what: "an image without a version",
    says: "names no version",
    change: (object) => {
      containerOf(object("Deployment", "order")).image = "localhost/tandem/order";
    },
  },
  {
    rule: "secrets-are-in-the-catalogue",
    what: "a secret that nobody knows",
    says: "the secret tandem/ordre is not in the catalogue",
    change: (object) => {
      containerOf(object("Deployment", "order")).env[0].valueFrom.secretKeyRef.name = "ordre";
    },
  },
  {
    rule: "secrets-are-in-the-catalogue",
    what: "a key that the secret does not have",
    says: "the secret tandem/order has no key DATABASE in the catalogue",
    change: (object) => {
      containerOf(object("Deployment", "order")).env[0].valueFrom.secretKeyRef.key = "DATABASE";
    },
  },
  {
    rule: "secrets-are-in-the-catalogue",
    what: "a token that the sidecar would not find",
    says: "the secret tandem/token is not in the catalogue",
    change: (object) => {
      annotationsOf(object("Deployment", "order"))["dapr.io/api-token-secret"] = "token";
    },
  },
  {
    rule: "secrets-are-in-the-catalogue",
    what: "a component's secret that nobody makes",
    says: "the secret tandem/reddis is not in the catalogue",
    change: (object) => {
      object("Component", "lockstore").spec.metadata[0].secretKeyRef.name = "reddis";
    },
  },
  {
    rule: "secrets-are-in-the-catalogue",
    what: "an autoscaler's secret that nobody makes",
    says: "the secret tandem/kafka has no key pass in the catalogue",
    in: "production",
    change: (object) => {
      object("TriggerAuthentication", "broker").spec.secretTargetRef[1].key = "pass";
    },
  },
  {
    rule: "no-secret-is-written-down",
    what: "a Secret among the manifests",
    says: "a Secret stands in the repository",
    change: (object) => {
      object("ConfigMap", "order").kind = "Secret";
    },
  },
  {
    rule: "no-secret-is-written-down",
    what: "a secret in a ConfigMap",
    says: "AUTH_CLIENT_SECRET is a secret, and stands in a ConfigMap",
    change: (object) => {
      object("ConfigMap", "order").data.AUTH_CLIENT_SECRET = "hunter2";
    },
  },
  {
    rule: "no-secret-is-written-down",
    what: "a secret in a Deployment",
    says: "DATABASE_URL is a secret, and stands in its manifest",
    change: (object) => {
      containerOf(object("Deployment", "order")).env[0] = { name: "DATABASE_URL", value: "postgres://a:b@c/d" };
    },
  },
  {
    rule: "names-and-labels",
    what: "a name that is none",
    says: '"Order" is no name of an object',
    change: (object) => {
      object("Service", "order").metadata.name = "Order";
    },
  },
  {
    rule: "names-and-labels",
    what: "an object of nobody",
    says: "it has no label app.kubernetes.io/part-of",
    change: (object) => {
      delete object("Service", "order").metadata.labels["app.kubernetes.io/part-of"];
    },
  },
  {
    rule: "objects-are-there-once",
    what: "two objects of one name",
    says: "it stands in local/30-contexts/order/api.yaml too",
    change: (object, objects) => {
      objects.push({ path: "local/elsewhere.yaml", manifest: structuredClone(object("Service", "order")) });
    },
  },
  {
    rule: "deployments-pick-their-own-pods",
    what: "a selector that picks others' pods",
    says: "its selector picks the pods of order-worker too",
    change: (object) => {
      delete object("Deployment", "order").spec.selector.matchLabels["app.kubernetes.io/component"];
    },
  },
  {
    rule: "deployments-pick-their-own-pods",
    what: "a selector that picks none",
    says: "does not pick its own pods",
    change: (object) => {
      object("Deployment", "order").spec.selector.matchLabels["app.kubernetes.io/name"] = "ordre";
    },
  },
  {
    rule: "worker-has-no-service",
    what: "a Service that leads to a worker",
    says: "the Service order leads to it",
    change: (object) => {
      object("Service", "order").spec.selector = { "app.kubernetes.io/name": "order" };
    },
  },
  {
    rule: "settings-roll-the-pods",
    what: "settings that change unseen",
    says: "a change of its settings would not reach its pods",
    change: (object) => {
      delete annotationsOf(object("Deployment", "order"))["tandem.dev/config-hash"];
    },
  },
  {
    rule: "settings-roll-the-pods",
    what: "settings that are not there",
    says: "there is no ConfigMap order",
    change: (_, objects) => drop(objects, "ConfigMap", "order"),
  },
  {
    rule: "sidecar-annotations",
    what: "an annotation that Dapr does not know",
    says: "Dapr knows no annotation dapr.io/app-health-path",
    change: (object) => {
      annotationsOf(object("Deployment", "order"))["dapr.io/app-health-path"] = "/livez";
    },
  },
  {
    rule: "sidecar-annotations",
    what: "a worker without health checks",
    says: "it has no annotation dapr.io/enable-app-health-check",
    change: (object) => {
      delete annotationsOf(object("Deployment", "order-worker"))["dapr.io/enable-app-health-check"];
    },
  },
  {
    rule: "components-are-scoped",
    what: "a component without scopes",
    says: "the component lockstore has no scopes",
    change: (object) => {
      delete object("Component", "lockstore").scopes;
    },
  },
  {
    rule: "components-are-scoped",
    what: "a scope of no app",
    says: "the component lockstore is for ordre, which is no app",
    change: (object) => {
      object("Component", "lockstore").scopes.push("ordre");
    },
  },
  {
    rule: "components-are-scoped",
    what: "an app that may use every topic",
    says: "publishingScopes of pubsub does not name search-worker",
    change: (object) => {
      const { metadata } = object("Component", "pubsub").spec;
      const scopes = metadata.find(({ name }: Anything) => name === "publishingScopes");
      scopes.value = scopes.value.replace("search-worker=", "search-wrker=");
    },
  },
  {
    rule: "app-has-configuration",
    what: "an app without its Configuration",
    says: 'there is no Configuration "ordre" of Dapr',
    change: (object) => {
      annotationsOf(object("Deployment", "order"))["dapr.io/config"] = "ordre";
    },
  },
  {
    rule: "app-id-has-scopes",
    what: "a worker that no component names",
    says: "no component is scoped to loyalty-worker",
    change: (object) => {
      annotationsOf(object("Deployment", "order-worker"))["dapr.io/app-id"] = "loyalty-worker";
    },
  },
];
