import type { Environment } from "./environment.ts";

const store = (name: string) => ({ namespace: "tandem-stores", labels: { "app.kubernetes.io/name": name } });

/** kind, or the cluster of ../shared/cluster: everything on one machine, nothing installed that is not needed. */
export const local: Environment = {
  name: "local",
  namespace: "tandem",
  registry: "localhost",
  extraImages: ["local-inbox"],
  installed: { keda: false, prometheusOperator: false, externalSecrets: false },
  broker: { kind: "redis", address: "redis.tandem-stores:6379" },
  secrets: { kind: "generated" },
  publicUrl: "http://127.0.0.1:8080",
  issuer: "http://auth:8012",
  proxies: 0,
  traceSampleBasisPoints: 10_000,
  logLevel: "info",
  laptopSettings: true,
  mail: { kind: "inbox", host: "local-inbox.tandem-stores" },
  // kind runs them too: load the official postgres and redis under these names.
  stores: {
    postgres: { image: "localhost/postgres:15", maxConnections: 400 },
    redis: { image: "localhost/redis:7" },
    // kind brings a provisioner. Without one, as on ../shared/cluster, somebody makes the volumes: docs/kubernetes-verified.md.
    volumes: { kind: "claim", size: "2Gi" },
  },
  search: { engine: "postgres" },
  provisionDatabases: true,
  databaseConnections: 6,
  workerModes: ["all"],
  // Scaling out on one machine takes from the neighbours what it gives to one.
  replicas: { api: { min: 1, max: 1 }, worker: { min: 1, max: 1 }, gateway: { min: 1, max: 1 } },
  sizes: {
    api: { cpu: "10m", memory: "64Mi", memoryLimit: "384Mi" },
    worker: { cpu: "10m", memory: "64Mi", memoryLimit: "384Mi" },
    migrate: { cpu: "10m", memory: "64Mi", memoryLimit: "256Mi" },
    sidecar: { cpu: "10m", memory: "32Mi", memoryLimit: "256Mi" },
  },
  spread: "ScheduleAnyway",
  // A machine that is full stalls for a second, and that is no reason to call an app dead.
  appProbe: { everySeconds: 3, timeoutMs: 2_500 },
  // Twenty-six pods start at once on two cores.
  startupSeconds: 300,
  network: {
    postgres: { to: store("postgres"), ports: [5432] },
    broker: { to: store("redis"), ports: [6379] },
    otel: { to: store("otel-collector"), ports: [4317, 4318] },
    mail: { to: store("local-inbox"), ports: [1025, 8025] },
    search: { to: store("opensearch"), ports: [9200] },
    monitoring: { namespace: "tandem-stores" },
  },
  gitops: {
    // Where ../shared/cluster serves this repository.
    repoUrl: "git://127.0.0.1:19418/main",
    revision: "main",
    cluster: "https://kubernetes.default.svc",
    // One context after another: all at once, 13 migrations and 25 pods with sidecars start on the cores of one machine.
    applicationSet: false,
  },
};
