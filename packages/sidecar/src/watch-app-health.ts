export interface AppHealthOptions {
  /** Rejects when the app is not healthy, or does not say so in time. */
  readonly probe: (timeoutMs: number) => Promise<void>;
  /** Between two probes of a healthy app, a fifth more or less: default 5000, as daprd. A call that fails leads to one at once. */
  readonly intervalMs?: number;
  /** Default 900; well over a stall of the event loop. */
  readonly timeoutMs?: number;
  /** Failures in a row until the app counts as unhealthy: default 2. One success makes it healthy. */
  readonly threshold?: number;
  /** Connections to the app so far: a new one leads to a process that may have started anew. */
  readonly connections: () => number;
  /** Now, and again after a new connection. A rejection leaves the app unhealthy, until the next probe. */
  readonly onHealthy: () => Promise<void>;
  readonly onUnhealthy: (reason: unknown) => Promise<void>;
}

export interface AppHealthWatch {
  readonly healthy: boolean;
  /** It was healthy before, if not now. */
  readonly seen: boolean;
  /** Probes now, because a call to the app failed. */
  hurry(): void;
  stop(): Promise<void>;
}

// Before the app is up: often, so that a start is not kept waiting.
const STARTING_INTERVAL_MS = 50;

/** Unhealthy until the first probe passes. */
export const watchAppHealth = (options: AppHealthOptions): AppHealthWatch => {
  const { probe, intervalMs = 5_000, timeoutMs = 900, threshold = 2, connections, onHealthy, onUnhealthy } = options;
  let healthy = false;
  let everHealthy = false;
  let failures = 0;
  let knownConnections = 0;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  const check = async (): Promise<void> => {
    try {
      await probe(timeoutMs);
      failures = 0;
      if ((!healthy || connections() !== knownConnections) && !stopped) {
        const seenNow = connections();
        await onHealthy();
        knownConnections = seenNow;
        healthy = true;
        everHealthy = true;
      }
    } catch (error) {
      failures++;
      if (healthy && failures >= threshold) {
        healthy = false;
        await onUnhealthy(error);
      }
    }
  };

  const nextInMs = () => {
    if (!everHealthy) return STARTING_INTERVAL_MS;
    // One that is not healthy is probed more often; apart, because twenty-five at the same moment are a stall.
    return (healthy ? intervalMs : Math.min(intervalMs, 1_000)) * (0.8 + 0.4 * Math.random());
  };

  const loop = () => {
    clearTimeout(timer);
    if (stopped || running !== undefined) return;
    running = check().finally(() => {
      running = undefined;
      if (!stopped) timer = setTimeout(loop, nextInMs());
    });
  };
  loop();

  return {
    get healthy() {
      return healthy;
    },
    get seen() {
      return everHealthy;
    },
    hurry: loop,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
};
