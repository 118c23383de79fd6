import { AppError } from "@tandem/kernel";
import {
  BrokenCircuitError,
  CircuitState as CockatielState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  SamplingBreaker,
} from "cockatiel";
import { isTransient } from "./is-transient.ts";

export type CircuitState = "closed" | "open" | "half_open";

export interface CircuitBreakerOptions {
  /** Names the dependency in errors and metrics, e.g. `pricing`. */
  readonly name: string;
  /** Opens after so many failures in a row. Default 5. Ignored when `failureRate` is given. */
  readonly consecutiveFailures?: number;
  /** Opens instead when this share (0 to 1) of the calls within `windowMs` (default 10000) failed, at `minimumRps` (default 5) or more. */
  readonly failureRate?: { readonly share: number; readonly windowMs?: number; readonly minimumRps?: number };
  /** Pause before one call is let through to try; doubles with every failed try. Default 1000. */
  readonly halfOpenAfterMs?: number;
  /** Upper bound of that pause. Default 30000. */
  readonly maxHalfOpenAfterMs?: number;
  /** Which errors say that the dependency is unwell. Default `isTransient`. */
  readonly counts?: (error: unknown) => boolean;
  readonly onStateChange?: (state: CircuitState, name: string) => void;
  /** One call: refused (circuit open), failed (an error that counts) or succeeded. For metrics. */
  readonly onCall?: (outcome: "succeeded" | "failed" | "refused", name: string) => void;
}

export interface CircuitBreaker {
  readonly name: string;
  readonly state: CircuitState;
  /** @throws AppError unavailable `circuit.open` without calling `work`, or whatever `work` throws */
  run<T>(work: (signal?: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

const stateNames: Record<CockatielState, CircuitState> = {
  [CockatielState.Closed]: "closed",
  [CockatielState.Open]: "open",
  [CockatielState.HalfOpen]: "half_open",
  [CockatielState.Isolated]: "open",
};

/** Stops calling a dependency that keeps failing, and tries it again one call at a time. */
export const createCircuitBreaker = (options: CircuitBreakerOptions): CircuitBreaker => {
  const { name, failureRate, halfOpenAfterMs = 1_000, maxHalfOpenAfterMs = 30_000, counts = isTransient } = options;
  const policy = circuitBreaker(handleWhen(counts), {
    halfOpenAfter: new ExponentialBackoff({ initialDelay: halfOpenAfterMs, maxDelay: maxHalfOpenAfterMs }),
    breaker: failureRate
      ? new SamplingBreaker({
          threshold: failureRate.share,
          duration: failureRate.windowMs ?? 10_000,
          minimumRps: failureRate.minimumRps ?? 5,
        })
      : new ConsecutiveBreaker(options.consecutiveFailures ?? 5),
  });
  policy.onStateChange((state) => options.onStateChange?.(stateNames[state], name));
  policy.onSuccess(() => options.onCall?.("succeeded", name));
  policy.onFailure(({ handled }) => options.onCall?.(handled ? "failed" : "succeeded", name));

  return {
    name,
    get state() {
      return stateNames[policy.state];
    },
    async run(work, signal) {
      try {
        return await policy.execute(() => work(signal), signal);
      } catch (error) {
        if (!(error instanceof BrokenCircuitError)) throw error;
        options.onCall?.("refused", name);
        throw new AppError("unavailable", "circuit.open", `${name} is failing; not called`, { cause: error });
      }
    },
  };
};
