import { AppError } from "@tandem/kernel";
import { currentContext } from "@tandem/runtime";

export interface Budget {
  /** Epoch milliseconds. */
  readonly deadlineAt: number;
  readonly signal: AbortSignal;
  /** True when the caller's own deadline, not this client's, is the shorter one. */
  readonly cut: boolean;
  /** Milliseconds left for one attempt. @throws AppError deadline_exceeded `rpc.deadline_exceeded` when nothing is left */
  remainingMs(): number;
}

/**
 * The time a call may take: the client's own limit, but never more than what is left of the call in whose context it is made, less
 * `safetyMs` for the way back and for this service's own answer.
 */
export const openBudget = (limitMs: number, safetyMs: number, signal: AbortSignal | undefined): Budget => {
  const current = currentContext();
  const own = Date.now() + limitMs;
  const callers = current?.deadlineAt === undefined ? Number.POSITIVE_INFINITY : current.deadlineAt - safetyMs;
  const deadlineAt = Math.min(own, callers);
  const signals = [signal, current?.signal].filter((one) => one !== undefined);
  return {
    deadlineAt,
    cut: callers < own,
    signal: signals.length === 1 ? (signals[0] as AbortSignal) : AbortSignal.any(signals),
    remainingMs: () => {
      const left = deadlineAt - Date.now();
      if (left > 0) return left;
      throw new AppError("deadline_exceeded", "rpc.deadline_exceeded", "No time is left for this call.");
    },
  };
};
