import { type AppError, type Clock, isAppError } from "@tandem/kernel";
import type { HandedOn, OperationLease, OperationQueue, RunOutcome } from "./operation.ts";

export interface OperationRunnerOptions<O extends OperationLease, T, R extends RunOutcome | HandedOn<O> = RunOutcome> {
  readonly queue: Pick<OperationQueue<O>, "postpone" | "park">;
  readonly clock: Clock;
  /**
   * Asks the other side, outside of any transaction; undefined: it still works on it. Any throw means that nobody knows whether it acted,
   * but for `circuit.open`. Of an uncertain operation it asks first what became of it.
   */
  readonly ask: (operation: O, signal: AbortSignal) => Promise<T | undefined>;
  /** Commits what came of it, with the operation and under its token, in one transaction. May hand on what follows, held. */
  readonly commit: (operation: O, outcome: T, signal: AbortSignal) => Promise<R>;
  /** Longest wait for one answer. Shorter than the lease. */
  readonly callTimeoutMs: number;
  /** What {@link ask} is refused with when it takes longer. */
  readonly timedOut: () => AppError;
  /** How long an outcome may stay unknown before it is left to a person. Default 24 hours. */
  readonly giveUpMs?: number | ((operation: O) => number);
  /** Pause after the first failed try; doubles. Default 200. */
  readonly firstDelayMs?: number;
  /** Upper bound of that pause. Default 60 000. */
  readonly maxDelayMs?: number;
  /** An operation that the other side still works on is asked about this often. Default 2 000. */
  readonly pendingDelayMs?: number;
  /** For fault suites: called between the answer and the commit. */
  readonly beforeCommit?: (operation: O) => Promise<void> | void;
}

/** One try: asks, and commits the answer. An answer that does not come says nothing: it is asked about before it is asked for again. */
export const createOperationRunner = <O extends OperationLease, T, R extends RunOutcome | HandedOn<O> = RunOutcome>(
  options: OperationRunnerOptions<O, T, R>,
) => {
  const { queue, clock, ask, commit, callTimeoutMs, timedOut, giveUpMs = 86_400_000 } = options;
  const { firstDelayMs = 200, maxDelayMs = 60_000, pendingDelayMs = 2_000, beforeCommit } = options;
  const patienceMs = typeof giveUpMs === "number" ? () => giveUpMs : giveUpMs;

  const postpone = async (operation: O, delayMs: number, uncertain: boolean, why: string): Promise<RunOutcome> => {
    const { id, token, createdAt } = operation;
    if (clock.now().getTime() - createdAt.getTime() < patienceMs(operation)) {
      await queue.postpone(id, token, delayMs, uncertain, why);
      return "postponed";
    }
    await queue.park(id, token, why);
    return "given_up";
  };

  return async (operation: O, signal: AbortSignal): Promise<RunOutcome | R> => {
    let outcome: T | undefined;
    try {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(callTimeoutMs)]);
      outcome = await within(deadline, () => ask(operation, deadline), timedOut);
    } catch (error) {
      const delayMs = Math.min(firstDelayMs * 2 ** Math.min(operation.attempt - 1, 10), maxDelayMs);
      // An open circuit means that the call was not made.
      return postpone(operation, delayMs, operation.uncertain || !isAppError(error, "circuit.open"), String(error));
    }
    if (outcome === undefined) return postpone(operation, pendingDelayMs, true, "pending at the other side");
    await beforeCommit?.(operation);
    return commit(operation, outcome, signal);
  };
};

/** Waits no longer than the signal, also for somebody who does not heed it: the lease would run out under it. */
const within = <T>(signal: AbortSignal, work: () => Promise<T>, timedOut: () => AppError): Promise<T> => {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(timedOut());
  if (signal.aborted) return Promise.reject(timedOut());
  signal.addEventListener("abort", giveUp, { once: true });
  return Promise.race([work(), late]).finally(() => signal.removeEventListener("abort", giveUp));
};
