import type { ServiceTokenSource } from "@tandem/auth";
import type { Logger } from "@tandem/runtime";

/** Between two looks at the source, which renews a token well before its end. */
const LOOK_MS = 15_000;

/**
 * The door's own token for calls in progress, never waited for: while auth is away, or at the start, calls go on without it. By it contexts
 * learn that the door passed a call on; what the caller may do, the caller's own token says.
 */
export const holdToken = (
  source: ServiceTokenSource | undefined,
  log: Pick<Logger, "warn">,
): (() => string | undefined) => {
  let held: string | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  const look = (): void => {
    lookedAt = performance.now();
    source?.token().then(
      (token) => {
        held = token;
      },
      (err) => {
        held = undefined;
        log.warn({ err }, "no token of the gateway's own now");
      },
    );
  };
  return () => {
    if (source !== undefined && performance.now() - lookedAt > LOOK_MS) look();
    return held;
  };
};
