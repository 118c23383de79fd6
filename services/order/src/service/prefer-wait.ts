/** Longest wait granted: below the default deadline of a call, so that the answer still gets out. */
const MAX_WAIT_MS = 8_000;

/** Milliseconds from `Prefer: wait=5` (RFC 7240, whole seconds); 0 when the caller does not ask, or asks for nonsense. */
export const waitMsOf = (headers: Headers, remainingMs: number): number => {
  const seconds = /(?:^|,)\s*wait=(\d{1,4})\s*(?:,|;|$)/.exec(headers.get("prefer") ?? "")?.[1];
  if (seconds === undefined) return 0;
  return Math.max(0, Math.min(Number(seconds) * 1000, MAX_WAIT_MS, remainingMs - 200));
};
