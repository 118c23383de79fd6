import { setTimeout as sleep } from "node:timers/promises";
import type { Health } from "./health.ts";
import type { Logger } from "./logger.ts";

/** In this order; hooks of one phase run together. */
export const SHUTDOWN_PHASES = [
  "drain-rpc",
  "drain-consumers",
  "stop-workers",
  "close-resources",
  "flush-telemetry",
] as const;
export type ShutdownPhase = (typeof SHUTDOWN_PHASES)[number];

export interface ShutdownOptions {
  readonly health: Health;
  readonly log: Logger;
  /** Between "not ready" and the first drain: the time endpoints need to forget the pod. Default 0; in Kubernetes 5 000. */
  readonly drainDelayMs?: number;
  /** For everything together, the delay included. Must stay below the pod's grace period. Default 25 000. */
  readonly timeoutMs?: number;
}

export interface ShutdownReport {
  readonly clean: boolean;
  readonly durationMs: number;
  /** Hooks that failed or did not end in time, as `phase/name`. */
  readonly unfinished: readonly string[];
}

export interface Shutdown {
  /** Registers what `phase` has to do; `signal` aborts when its time is up. */
  on(phase: ShutdownPhase, name: string, hook: (signal: AbortSignal) => Promise<void> | void): void;
  /** Runs all phases once; later calls get the same promise. Never rejects. */
  run(reason: string): Promise<ShutdownReport>;
  /** Aborts at the moment shutdown begins. */
  readonly signal: AbortSignal;
}

// Kept back for closing and flushing, so that a drain that hangs cannot take the last spans and the pool's goodbye with it.
const RESERVED_SHARE = 0.2;

export const createShutdown = ({ health, log, drainDelayMs = 0, timeoutMs = 25_000 }: ShutdownOptions): Shutdown => {
  const hooks = new Map<ShutdownPhase, { name: string; hook: (signal: AbortSignal) => Promise<void> | void }[]>();
  const begun = new AbortController();
  let running: Promise<ShutdownReport> | undefined;

  const runPhase = async (phase: ShutdownPhase, budgetMs: number): Promise<string[]> => {
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(budgetMs)));
    const outcomes = await Promise.all(
      (hooks.get(phase) ?? []).map(async ({ name, hook }) => {
        const late = Promise.withResolvers<never>();
        const onAbort = () => late.reject(new Error("did not end in time"));
        signal.addEventListener("abort", onAbort, { once: true });
        try {
          await Promise.race([Promise.resolve().then(() => hook(signal)), late.promise]);
          return undefined;
        } catch (err) {
          log.error({ err, phase, hook: name }, "shutdown hook failed");
          return `${phase}/${name}`;
        } finally {
          signal.removeEventListener("abort", onAbort);
        }
      }),
    );
    return outcomes.filter((outcome) => outcome !== undefined);
  };

  const runAll = async (reason: string): Promise<ShutdownReport> => {
    const startedAt = performance.now();
    const remaining = (reservedMs: number) => startedAt + timeoutMs - reservedMs - performance.now();
    log.info({ reason, drainDelayMs, timeoutMs }, "shutting down");
    health.setServing(false);
    begun.abort(new Error(`shutting down: ${reason}`));
    const reservedMs = timeoutMs * RESERVED_SHARE;
    if (drainDelayMs > 0) await sleep(Math.max(0, Math.min(drainDelayMs, remaining(reservedMs))));
    const unfinished: string[] = [];
    for (const phase of SHUTDOWN_PHASES) {
      const last = phase === "close-resources" || phase === "flush-telemetry";
      const share = phase === "close-resources" ? reservedMs / 2 : 0;
      unfinished.push(...(await runPhase(phase, remaining(last ? share : reservedMs))));
    }
    const durationMs = Math.round(performance.now() - startedAt);
    log.info({ reason, durationMs, unfinished }, "shut down");
    return { clean: unfinished.length === 0, durationMs, unfinished };
  };

  return {
    on: (phase, name, hook) => {
      const list = hooks.get(phase) ?? [];
      list.push({ name, hook });
      hooks.set(phase, list);
    },
    run: (reason) => {
      running ??= runAll(reason);
      return running;
    },
    signal: begun.signal,
  };
};
