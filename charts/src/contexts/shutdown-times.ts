/**
 * Who stops first when a pod is told to.
 * - `app`: the sidecar serves until its app is gone. For whoever still has something to say: a worker publishes, the door calls contexts.
 * - `sidecar`: the app serves until its sidecar is gone. For whom callers reach through sidecars: theirs hold on to a connection until it is
 *   closed, and would get errors from a sidecar that has lost its app.
 */
export type FirstToStop = "app" | "sidecar";

export interface ShutdownTimes {
  readonly first: FirstToStop;
  /** The app hears of its end so much later than its sidecar, which stops delivering at once. */
  readonly preStopSeconds: number;
  /** Then, from "not ready" to the first drain, in the app. */
  readonly drainDelayMs: number;
  /** What the app gives itself for everything, that delay included. */
  readonly shutdownTimeoutMs: number;
  /** How long the sidecar serves on, unless its app is gone before. */
  readonly sidecarBlockSeconds: number;
  /** What the sidecar has for its own end after that. */
  readonly sidecarGracefulSeconds: number;
  /** The pod's: after it everything is killed. */
  readonly graceSeconds: number;
}

const PRE_STOP_SECONDS = 2;
/** For calls in progress, the relay, jobs, pool and telemetry. */
const STOP_SECONDS = 20;
/** What `runBinary` adds to the timeout as a net. */
const APP_NET_SECONDS = 1;
/** Three failed probes, a second apart, until the sidecar knows that its app is gone. */
const SIDECAR_NOTICES_SECONDS = 3;
const SIDECAR_GRACEFUL_SECONDS = 5;
/** A delivery in progress may take so long (the resiliency policy's timeout), and the sidecar waits for it before it begins to stop. */
const DELIVERY_SECONDS = 25;
const MARGIN_SECONDS = 2;
/** CoreDNS gives out addresses for so long, in kind and kubeadm: whoever connects anew must not find the pod that goes. */
const NAMES_ARE_KEPT_SECONDS = 30;

const ceil = (ms: number): number => Math.ceil(ms / 1_000);

const appFirst = (drainDelayMs: number): ShutdownTimes => {
  const shutdownTimeoutMs = drainDelayMs + STOP_SECONDS * 1_000;
  const sidecarBlockSeconds = PRE_STOP_SECONDS + ceil(shutdownTimeoutMs) + APP_NET_SECONDS + SIDECAR_NOTICES_SECONDS;
  return {
    first: "app",
    preStopSeconds: PRE_STOP_SECONDS,
    drainDelayMs,
    shutdownTimeoutMs,
    sidecarBlockSeconds,
    sidecarGracefulSeconds: SIDECAR_GRACEFUL_SECONDS,
    graceSeconds: DELIVERY_SECONDS + sidecarBlockSeconds + SIDECAR_GRACEFUL_SECONDS + MARGIN_SECONDS,
  };
};

const sidecarFirst = (): ShutdownTimes => {
  const sidecarBlockSeconds = NAMES_ARE_KEPT_SECONDS + MARGIN_SECONDS;
  const sidecarGoneSeconds = sidecarBlockSeconds + SIDECAR_GRACEFUL_SECONDS;
  const drainDelayMs = (sidecarGoneSeconds - PRE_STOP_SECONDS) * 1_000;
  const shutdownTimeoutMs = drainDelayMs + STOP_SECONDS * 1_000;
  return {
    first: "sidecar",
    preStopSeconds: PRE_STOP_SECONDS,
    drainDelayMs,
    shutdownTimeoutMs,
    sidecarBlockSeconds,
    sidecarGracefulSeconds: SIDECAR_GRACEFUL_SECONDS,
    graceSeconds: PRE_STOP_SECONDS + ceil(shutdownTimeoutMs) + APP_NET_SECONDS + MARGIN_SECONDS,
  };
};

/**
 * All times of a pod's end from one place, so that none ends before what it waits for.
 * @param drainDelayMs of an app that stops first: how long its callers need to forget it
 */
export const shutdownTimes = (first: FirstToStop, drainDelayMs = 0): ShutdownTimes =>
  first === "app" ? appFirst(drainDelayMs) : sidecarFirst();

/** Called through sidecars. */
export const apiShutdown = shutdownTimes("sidecar");
/** Called by the world, at its Service, which forgets a pod in a few seconds. */
export const gatewayShutdown = shutdownTimes("app", 5_000);
/** Called by nobody but its sidecar, which has stopped delivering before. */
export const workerShutdown = shutdownTimes("app");
