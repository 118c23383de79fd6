import { isAppError } from "@tandem/kernel";
import { wait } from "./wait.ts";

export interface RetryOptions {
  /** Tries in all, the first included. 1 to 20. Default 3. */
  readonly attempts?: number;
  /** Upper bound of the first pause; doubles with every further one. Default 50. */
  readonly baseDelayMs?: number;
  /** Upper bound of any pause. Default 2000. */
  readonly maxDelayMs?: number;
  /** No pause is begun that would end after this moment; the last error is thrown at once instead. */
  readonly deadline?: Date;
  /** Ends the retrying, with the signal's reason if it aborts during a pause. */
  readonly signal?: AbortSignal;
  /** Default: an AppError with `retryable` true. Errors of unknown kind are not repeated: they may have had effects. */
  readonly isRetryable?: (error: unknown) => boolean;
  readonly onRetry?: (error: unknown, attempt: number, delayMs: number) => void;
  /** 0 <= n < 1. Default `Math.random`. */
  readonly random?: () => number;
}

/**
 * Runs `work` until it succeeds, with full jitter between the tries (a crowd that failed together does not come back together).
 * @throws the last error, unchanged
 */
export const retry = async <T>(work: (attempt: number) => Promise<T>, options: RetryOptions = {}): Promise<T> => {
  const { attempts = 3, baseDelayMs = 50, maxDelayMs = 2_000, random = Math.random } = options;
  const isRetryable = options.isRetryable ?? ((error: unknown) => isAppError(error) && error.retryable);
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt >= attempts || options.signal?.aborted || !isRetryable(error)) throw error;
      const delayMs = Math.floor(random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1)));
      if (options.deadline && Date.now() + delayMs >= options.deadline.getTime()) throw error;
      options.onRetry?.(error, attempt, delayMs);
      await wait(delayMs, options.signal);
    }
  }
};
