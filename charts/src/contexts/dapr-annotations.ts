import type { Environment } from "../environments/index.ts";
import { type Binary, sidecarPorts } from "./binary.ts";

/** Files go through the sidecars of the door and of who keeps them: 16 MiB at most (FILE_MAX_BYTES), and what their encoding adds. */
const LARGE_BODIES: ReadonlySet<string> = new Set(["gateway", "common-operations"]);

/**
 * What the injector of Dapr 1.18 reads (pkg/injector/annotations). An unknown name is ignored without a word: a test compares.
 * `sidecar-image` stays unset: which daprd runs is the installation's business.
 */
export const daprAnnotations = (binary: Binary, { sizes, appProbe }: Environment): Readonly<Record<string, string>> => {
  const { appId, app, component, context, shutdown } = binary;
  return {
    "dapr.io/enabled": "true",
    "dapr.io/app-id": appId,
    "dapr.io/app-port": String(app.port),
    "dapr.io/app-protocol": app.protocol,
    "dapr.io/config": appId,
    // Without them a worker that is down loses what the broker delivers meanwhile.
    "dapr.io/enable-app-health-check": "true",
    ...(app.protocol === "http" ? { "dapr.io/app-health-check-path": "/livez" } : {}),
    "dapr.io/app-health-probe-interval": String(appProbe.everySeconds),
    "dapr.io/app-health-probe-timeout": String(appProbe.timeoutMs),
    "dapr.io/app-health-threshold": "3",
    "dapr.io/api-token-secret": "dapr-api-token",
    ...(component === "worker" ? { "dapr.io/app-token-secret": "app-api-token" } : {}),
    // Pods have no service account token. Secrets of components are the operator's business, which does not need this store.
    "dapr.io/disable-builtin-k8s-secret-store": "true",
    "dapr.io/sidecar-seccomp-profile-type": "RuntimeDefault",
    "dapr.io/sidecar-listen-addresses": "127.0.0.1",
    // Nothing here uses actors or the scheduler: two connections less.
    "dapr.io/placement-host-address": "",
    "dapr.io/scheduler-host-address": "",
    "dapr.io/log-as-json": "true",
    "dapr.io/enable-metrics": "true",
    "dapr.io/metrics-port": String(sidecarPorts.metrics),
    "dapr.io/sidecar-cpu-request": sizes.sidecar.cpu,
    "dapr.io/sidecar-memory-request": sizes.sidecar.memory,
    "dapr.io/sidecar-memory-limit": sizes.sidecar.memoryLimit,
    // The defaults, a second each, are two processes' worth of probes on a small machine.
    "dapr.io/sidecar-readiness-probe-period-seconds": "3",
    "dapr.io/sidecar-readiness-probe-timeout-seconds": "3",
    "dapr.io/block-shutdown-duration": `${shutdown.sidecarBlockSeconds}s`,
    "dapr.io/graceful-shutdown-seconds": String(shutdown.sidecarGracefulSeconds),
    ...(LARGE_BODIES.has(context) ? { "dapr.io/max-body-size": "32Mi" } : {}),
  };
};
