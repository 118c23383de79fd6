import type { Chart } from "cdk8s";
import { KubeConfigMap, KubeJob } from "cdk8s-plus-33/lib/imports/k8s.js";
import { addStatefulStore } from "./stateful-store.ts";
import type { StoreSettings } from "./store-settings.ts";
import {
  execProbe,
  fromSecret,
  labelsOf,
  metadataOf,
  podOf,
  resourcesOf,
  type Store,
  scratch,
  tcpProbe,
} from "./store-workload.ts";

/** In the official image 999 is the user; this one it takes as well, and the cluster of ../shared/cluster has no other. */
const USER = 10_001;
/** What the sidecars keep: carts, and the rates of the gateway. */
export const STATE_DATABASE = "dapr_state";

export const addPostgres = (chart: Chart, settings: StoreSettings): void => {
  const { image, maxConnections } = settings.postgres;
  const ready = ["pg_isready", "-h", "127.0.0.1", "-U", "postgres"];
  addStatefulStore(
    chart,
    {
      name: "postgres",
      ports: { postgres: 5432 },
      user: USER,
      container: {
        image,
        args: ["-c", `max_connections=${maxConnections}`, "-c", "shared_buffers=128MB"],
        env: [fromSecret("POSTGRES_PASSWORD", "postgres", "password"), { name: "PGDATA", value: "/data/pgdata" }],
        startupProbe: execProbe(ready, { periodSeconds: 2, failureThreshold: 90 }),
        livenessProbe: tcpProbe("postgres", { periodSeconds: 10, failureThreshold: 6 }),
        readinessProbe: execProbe(ready),
        // SIGINT is the fast shutdown: SIGTERM would wait for clients that never leave.
        lifecycle: { preStop: { exec: { command: ["pg_ctl", "stop", "-D", "/data/pgdata", "-m", "fast"] } } },
        resources: resourcesOf("50m", "128Mi", "1Gi"),
        volumeMounts: [
          { name: "data", mountPath: "/data" },
          { name: "tmp", mountPath: "/tmp" },
          { name: "run", mountPath: "/var/run/postgresql" },
        ],
      },
      volumes: [scratch("tmp", "256Mi"), scratch("run", "1Mi")],
    },
    settings,
  );
  addStateDatabase(chart, image);
};

// \\gexec runs what the query gives: there is no "create if not exists" for either.
export const STATE_SQL = `\\getenv password STATE_PASSWORD
SELECT 'CREATE ROLE ${STATE_DATABASE} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${STATE_DATABASE}') \\gexec
ALTER ROLE ${STATE_DATABASE} PASSWORD :'password';
SELECT 'CREATE DATABASE ${STATE_DATABASE} OWNER ${STATE_DATABASE}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '${STATE_DATABASE}') \\gexec
REVOKE CONNECT ON DATABASE ${STATE_DATABASE} FROM PUBLIC;
`;

/** Role and database of the sidecars' state store; those of the contexts their migrations make. May run any number of times. */
const addStateDatabase = (chart: Chart, image: string): void => {
  const name = "postgres-state";
  new KubeConfigMap(chart, `${name}-sql`, { metadata: metadataOf(name), data: { "state.sql": STATE_SQL } });
  const job: Store = {
    name,
    ports: {},
    user: USER,
    container: {
      image,
      command: ["psql", "-v", "ON_ERROR_STOP=1", "-f", "/etc/tandem/state.sql"],
      env: [
        { name: "PGHOST", value: "postgres" },
        { name: "PGUSER", value: "postgres" },
        { name: "PGDATABASE", value: "postgres" },
        { name: "PGCONNECT_TIMEOUT", value: "5" },
        fromSecret("PGPASSWORD", "postgres", "password"),
        fromSecret("STATE_PASSWORD", "statestore", "password"),
      ],
      resources: resourcesOf("10m", "32Mi", "128Mi"),
      volumeMounts: [{ name: "sql", mountPath: "/etc/tandem", readOnly: true }],
    },
    volumes: [{ name: "sql", configMap: { name } }],
  };
  const template = podOf(job);
  new KubeJob(chart, name, {
    metadata: {
      ...metadataOf(name),
      // A Job does not change: Argo CD makes it anew each time.
      annotations: { "argocd.argoproj.io/hook": "Sync", "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation" },
    },
    spec: {
      // Postgres may take a while.
      backoffLimit: 30,
      activeDeadlineSeconds: 600,
      template: {
        metadata: { labels: { ...labelsOf(name) } },
        spec: template.spec && { ...template.spec, serviceAccountName: "postgres", restartPolicy: "OnFailure" },
      },
    },
  });
};
