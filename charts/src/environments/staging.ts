import type { Environment } from "./environment.ts";
import { production } from "./production.ts";

/** Production, smaller: what it does not name is the same there. */
export const staging: Environment = {
  ...production,
  name: "staging",
  broker: { kind: "redis", address: "redis.tandem.internal:6379" },
  secrets: { kind: "external", store: "tandem-staging", prefix: "tandem/staging" },
  publicUrl: "https://api.staging.tandem.example",
  door: {
    host: "api.staging.tandem.example",
    grpcHost: "grpc.staging.tandem.example",
    ingressClass: "traefik",
    certificateIssuer: "letsencrypt",
  },
  issuer: "https://api.staging.tandem.example",
  traceSampleBasisPoints: 10_000,
  logLevel: "debug",
  mail: { kind: "provider", from: "staging@tandem.example" },
  search: { engine: "postgres" },
  workerModes: ["all"],
  replicas: { api: { min: 2, max: 4 }, worker: { min: 2, max: 4 }, gateway: { min: 2, max: 4 } },
  spread: "ScheduleAnyway",
  network: { ...production.network, broker: { ...production.network.broker, ports: [6379] } },
  gitops: {
    repoUrl: "https://github.com/tandem-commerce/tandem.git",
    revision: "main",
    cluster: "https://kubernetes.default.svc",
    applicationSet: true,
    daprChart: { version: "1.18.3", highlyAvailable: false },
    failuresTo: { service: "slack", recipient: "tandem-staging", argocdUrl: "https://argocd.staging.tandem.example" },
  },
};
