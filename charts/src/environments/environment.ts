import type { GitOps } from "../argocd/git-ops.ts";
import type { StoreSettings } from "../stores/store-settings.ts";
import type { Selector } from "./network-peer.ts";

export const environmentNames = ["local", "staging", "production"] as const;
export type EnvironmentName = (typeof environmentNames)[number];

/** `all` in one Deployment, or `event` and `cron` each in its own, to scale consumers apart from what runs by the clock. */
export type WorkerModes = readonly ["all"] | readonly ["event", "cron"];

export interface Replicas {
  readonly min: number;
  readonly max: number;
}

export interface ContainerSize {
  readonly cpu: string;
  readonly memory: string;
  /** There is none for the processor: a limit stops a process that could use an idle core. */
  readonly memoryLimit: string;
}

/** What differs between clusters. Everything else of a manifest comes from the catalogue. */
export interface Environment {
  readonly name: EnvironmentName;
  /** Of contexts, components and secrets. */
  readonly namespace: string;
  /** Before `/tandem/<context>` in the names of images. */
  readonly registry: string;
  /** Images that it needs besides those of the contexts and the gateway. */
  readonly extraImages: readonly string[];
  /** Operators that this cluster has: without one nothing of its kinds is written. */
  readonly installed: {
    readonly keda: boolean;
    readonly prometheusOperator: boolean;
    readonly externalSecrets: boolean;
  };
  readonly broker: Broker;
  /** Where secrets come from. `generated`: random ones made in the cluster; `external`: a store that the External Secrets Operator reads; `manual`: by hand. */
  readonly secrets:
    | { readonly kind: "generated" | "manual" }
    | { readonly kind: "external"; readonly store: string; readonly prefix: string };
  /** The door as the world sees it: issuer of tokens, and where links in mails lead. */
  readonly publicUrl: string;
  /** How the world gets to the door: an Ingress. Absent: by `kubectl port-forward`. */
  readonly door?: {
    readonly host: string;
    /** gRPC has a name of its own: one host cannot speak both to a controller that has to know. */
    readonly grpcHost: string;
    readonly ingressClass: string;
    /** Of cert-manager, for the certificate of both. */
    readonly certificateIssuer: string;
  };
  /** Who issues tokens: a name, the same for all. */
  readonly issuer: string;
  /** Proxies between the world and the gateway. */
  readonly proxies: number;
  /** Where traces go; absent: nowhere. */
  readonly otlpEndpoint?: string;
  /** Hundredths of a percent of new traces that are recorded. */
  readonly traceSampleBasisPoints: number;
  readonly logLevel: "debug" | "info";
  /** Simulated crews and carriers at a speed to watch, no limits to speak of, everybody's links to this machine. */
  readonly laptopSettings: boolean;
  /** `inbox` takes mail and text messages and sends none; a provider's URL holds a password and is a secret. */
  readonly mail:
    | { readonly kind: "inbox"; readonly host: string }
    | { readonly kind: "provider"; readonly from: string; readonly smsUrl?: string };
  /** Servers that it brings along; absent: managed ones, of which components/README.md says what is expected. */
  readonly stores?: StoreSettings;
  readonly search: { readonly engine: "postgres" } | { readonly engine: "elasticsearch"; readonly url: string };
  /** Whether migrations may make the roles and databases that they need, as `ADMIN_DATABASE_URL`. */
  readonly provisionDatabases: boolean;
  /** Connections of one binary. */
  readonly databaseConnections: number;
  readonly workerModes: WorkerModes;
  readonly replicas: { readonly api: Replicas; readonly worker: Replicas; readonly gateway: Replicas };
  readonly sizes: {
    readonly api: ContainerSize;
    readonly worker: ContainerSize;
    readonly migrate: ContainerSize;
    readonly sidecar: ContainerSize;
  };
  /** How strictly replicas of one Deployment keep to different nodes. */
  readonly spread: "ScheduleAnyway" | "DoNotSchedule";
  /** How a sidecar probes its app: three failures in a row, and nothing is delivered to it and nobody's call gets through. */
  readonly appProbe: { readonly everySeconds: number; readonly timeoutMs: number };
  /** How long a start may take, probed every two seconds. */
  readonly startupSeconds: number;
  /** Whom pods may talk to beyond each other. */
  readonly network: {
    readonly postgres: Peer;
    readonly broker: Peer;
    readonly otel?: Peer;
    readonly mail: Peer;
    readonly search?: Peer;
    /** Who opens connections to the gateway; absent: anyone. */
    readonly ingress?: Selector;
    /** Who scrapes. */
    readonly monitoring: Selector;
  };
  /** How Argo CD gets what is committed into the cluster. */
  readonly gitops: GitOps;
}

export type Broker =
  | { readonly kind: "redis"; readonly address: string }
  | { readonly kind: "kafka"; readonly bootstrapServers: string };

export interface Peer {
  readonly to: Selector;
  readonly ports: readonly number[];
}
