import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@tandem/kernel";

export interface WaitUntilReadyOptions {
  readonly baseUrl: string;
  /** Between two looks: default 100. */
  readonly pollMs?: number;
  /** Default 30000. */
  readonly timeoutMs?: number;
}

/**
 * Waits until the sidecar serves its API: `/v1.0/healthz/outbound` answers 204. Not `/v1.0/healthz`, which stays
 * unhealthy until the app listens: an app that waits for it before it listens waits for ever.
 * @throws AppError `dapr.not_ready` (unavailable) after `timeoutMs`, `dapr.cancelled` when `signal` aborts
 */
export const waitUntilReady = async (
  { baseUrl, pollMs = 100, timeoutMs = 30_000 }: WaitUntilReadyOptions,
  signal?: AbortSignal,
): Promise<void> => {
  const deadline = AbortSignal.timeout(timeoutMs);
  const stop = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  while (!stop.aborted) {
    if (await isReady(`${baseUrl}/v1.0/healthz/outbound`)) return;
    await sleep(pollMs, undefined, { signal: stop }).catch(() => undefined);
  }
  throw signal?.aborted
    ? new AppError("cancelled", "dapr.cancelled", "stopped while waiting for the sidecar")
    : new AppError("unavailable", "dapr.not_ready", `the sidecar at ${baseUrl} is not ready after ${timeoutMs} ms`);
};

const isReady = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // not listening yet
  }
};
