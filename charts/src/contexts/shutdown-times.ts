/** What a pod does when it is told to stop, in the order in which it happens. */
export interface ShutdownInput {
  /** From "not ready" to the first drain, in the app: what endpoints need to forget the pod. A worker has none to be forgotten by. */
  readonly drainDelayMs: number;
  /** What the app gives itself for everything, that delay included. */
  readonly shutdownTimeoutMs: number;
}

export interface ShutdownTimes extends ShutdownInput {
  /** The app hears of its end so much later than its sidecar, which stops delivering at once. */
  readonly preStopSeconds: number;
  /** How long the sidecar's API stays, unless the app is gone before. */
  readonly sidecarBlockSeconds: number;
  /** What the sidecar has for its own end after that. */
  readonly sidecarGracefulSeconds: number;
  /** The pod's: after it everything is killed. */
  readonly graceSeconds: number;
}

const PRE_STOP_SECONDS = 2;
/** What `runBinary` adds to the timeout as a net. */
const APP_NET_SECONDS = 1;
/** Three failed probes, a second apart, until the sidecar knows that its app is gone. */
const SIDECAR_NOTICES_SECONDS = 3;
const SIDECAR_GRACEFUL_SECONDS = 5;
/** A delivery in progress may take so long (the resiliency policy's timeout), and the sidecar waits for it before it begins to stop. */
const DELIVERY_SECONDS = 25;
const MARGIN_SECONDS = 2;

/**
 * The sidecar outlives its app, and the pod both: whatever the app still publishes or asks while it stops finds its sidecar there.
 * @throws RangeError when the app would not even get to its first drain
 */
export const shutdownTimes = ({ drainDelayMs, shutdownTimeoutMs }: ShutdownInput): ShutdownTimes => {
  if (drainDelayMs >= shutdownTimeoutMs) {
    throw new RangeError(
      `a drain delay of ${drainDelayMs} ms leaves nothing of a shutdown timeout of ${shutdownTimeoutMs} ms`,
    );
  }
  const appSeconds = PRE_STOP_SECONDS + Math.ceil(shutdownTimeoutMs / 1_000) + APP_NET_SECONDS;
  const sidecarBlockSeconds = appSeconds + SIDECAR_NOTICES_SECONDS;
  return {
    drainDelayMs,
    shutdownTimeoutMs,
    preStopSeconds: PRE_STOP_SECONDS,
    sidecarBlockSeconds,
    sidecarGracefulSeconds: SIDECAR_GRACEFUL_SECONDS,
    graceSeconds: DELIVERY_SECONDS + sidecarBlockSeconds + SIDECAR_GRACEFUL_SECONDS + MARGIN_SECONDS,
  };
};

/** Of every API: endpoints forget a pod in a few seconds. */
export const apiShutdown = shutdownTimes({ drainDelayMs: 5_000, shutdownTimeoutMs: 25_000 });
/** Of every worker: nobody but its sidecar calls it, and that one has stopped already. */
export const workerShutdown = shutdownTimes({ drainDelayMs: 0, shutdownTimeoutMs: 25_000 });
