import type { Environment } from "./environment.ts";

/** Stores are the cloud's: reached by address, not by label. */
const PRIVATE = "10.0.0.0/8";

export const production: Environment = {
  name: "production",
  namespace: "tandem",
  registry: "ghcr.io/tandem-commerce",
  extraImages: [],
  installed: { keda: true, prometheusOperator: true, externalSecrets: true },
  broker: { kind: "kafka", bootstrapServers: "kafka.tandem.internal:9093" },
  secrets: { kind: "external", store: "tandem-production", prefix: "tandem/production" },
  publicUrl: "https://api.tandem.example",
  door: {
    host: "api.tandem.example",
    grpcHost: "grpc.tandem.example",
    ingressClass: "traefik",
    certificateIssuer: "letsencrypt",
  },
  issuer: "https://api.tandem.example",
  proxies: 1,
  otlpEndpoint: "http://otel-collector.observability:4318",
  traceSampleBasisPoints: 500,
  logLevel: "info",
  laptopSettings: false,
  mail: { kind: "provider", from: "shop@tandem.example", smsUrl: "https://sms.tandem.example/api/sms" },
  search: { engine: "elasticsearch", url: "https://search.tandem.internal:9200" },
  provisionDatabases: false,
  databaseConnections: 10,
  workerModes: ["event", "cron"],
  replicas: { api: { min: 3, max: 20 }, worker: { min: 2, max: 12 }, gateway: { min: 3, max: 20 } },
  sizes: {
    api: { cpu: "250m", memory: "192Mi", memoryLimit: "512Mi" },
    worker: { cpu: "200m", memory: "192Mi", memoryLimit: "512Mi" },
    migrate: { cpu: "100m", memory: "128Mi", memoryLimit: "256Mi" },
    sidecar: { cpu: "100m", memory: "96Mi", memoryLimit: "256Mi" },
  },
  spread: "DoNotSchedule",
  appProbe: { everySeconds: 1, timeoutMs: 900 },
  startupSeconds: 60,
  network: {
    postgres: { to: { cidr: PRIVATE }, ports: [5432] },
    broker: { to: { cidr: PRIVATE }, ports: [9093] },
    otel: { to: { namespace: "observability" }, ports: [4317, 4318] },
    mail: { to: { cidr: "0.0.0.0/0", except: [PRIVATE, "172.16.0.0/12", "192.168.0.0/16"] }, ports: [443, 465, 587] },
    search: { to: { cidr: PRIVATE }, ports: [9200] },
    ingress: { namespace: "ingress" },
    monitoring: { namespace: "observability" },
  },
  gitops: {
    repoUrl: "https://github.com/tandem-commerce/tandem.git",
    revision: "main",
    cluster: "https://kubernetes.default.svc",
    applicationSet: true,
    daprChart: { version: "1.18.3", highlyAvailable: true },
    failuresTo: { service: "slack", recipient: "tandem-production", argocdUrl: "https://argocd.tandem.example" },
  },
};
