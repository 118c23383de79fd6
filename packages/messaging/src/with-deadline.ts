import { AppError } from "@tandem/kernel";

/**
 * Runs `work` with a signal that aborts after `timeoutMs` or with one of `signals`, and does not wait longer than that for
 * work that ignores it. Cheaper than AbortSignal.any and AbortSignal.timeout, which this would do thousands of times a second.
 * @throws the signal's reason; AppError deadline_exceeded `event.timeout`
 */
export const withDeadline = async <T>(
  timeoutMs: number,
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const controller = new AbortController();
  const { signal } = controller;
  let give: (reason: unknown) => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    give = reject;
  });
  aborted.catch(() => {});
  const abort = (reason: unknown) => {
    controller.abort(reason);
    give(reason);
  };
  const listeners = signals.map((outer) => {
    const listener = () => abort(outer.reason);
    if (outer.aborted) listener();
    else outer.addEventListener("abort", listener, { once: true });
    return () => outer.removeEventListener("abort", listener);
  });
  const timer = setTimeout(
    () => abort(new AppError("deadline_exceeded", "event.timeout", `not handled within ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    signal.throwIfAborted();
    return await Promise.race([work(signal), aborted]);
  } finally {
    clearTimeout(timer);
    for (const stop of listeners) stop();
  }
};
