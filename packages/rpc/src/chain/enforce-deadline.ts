import type { Interceptor } from "@connectrpc/connect";
import { callStateOf } from "../call.ts";

/**
 * Answers when the deadline passes even if the handler does not listen to its signal. The handler's late result is dropped, its late
 * failure swallowed. Streams end by their signal.
 */
export const enforceDeadline: Interceptor = (next) => (req) => {
  if (req.stream) return next(req);
  const { signal } = callStateOf(req.contextValues);
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    next(req)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", onAbort));
  });
};
