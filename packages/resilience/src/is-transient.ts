import { type ErrorKind, isAppError } from "@tandem/kernel";

const outageKinds: ReadonlySet<ErrorKind> = new Set(["unavailable", "deadline_exceeded", "resource_exhausted"]);

/**
 * Whether an error says "the other side is unwell" rather than "your request was wrong".
 * A version conflict is worth a retry but says nothing about health; an abort is the caller's own doing;
 * an error nobody classified (a reset connection, a bug) is taken for an outage.
 */
export const isTransient = (error: unknown): boolean => {
  if (isAppError(error)) return outageKinds.has(error.kind);
  return !(error instanceof Error && error.name === "AbortError");
};
