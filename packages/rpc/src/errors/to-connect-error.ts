import { Code, ConnectError } from "@connectrpc/connect";
import { AppError, type ErrorKind, isAppError } from "@tandem/kernel";
import { codeOfKind, kindOfCode } from "./codes.ts";
import { errorInfoDetail } from "./error-info.ts";

export interface Failure {
  /** What the caller sees. */
  readonly slug: string;
  /** What the log gets. */
  readonly cause: unknown;
}

export interface Mapped {
  readonly connectError: ConnectError;
  readonly failure: Failure;
}

/**
 * What a caller may know of any error. AppErrors keep their slug, message and details, except internal ones: those and everything unknown
 * become `rpc.internal` without text. `signal` tells a passed deadline or a departed caller from an error that merely looks like an abort.
 */
export const toConnectError = (error: unknown, signal?: AbortSignal): Mapped => {
  const appError = toAppError(error, signal);
  const shown = shownOf(appError);
  const detail = errorInfoDetail(shown);
  const connectError = new ConnectError(shown.message, codeOfKind(shown.kind), undefined, [detail], error);
  return { connectError, failure: { slug: appError.code, cause: error } };
};

/** The error as callers may see it: internal and unknown ones are one and the same, without text. */
export const shownOf = (error: unknown): AppError =>
  isAppError(error) && error.kind !== "internal"
    ? error
    : new AppError("internal", "rpc.internal", "The server failed to answer this call.");

const toAppError = (error: unknown, signal: AbortSignal | undefined): AppError => {
  if (isAppError(error)) return error;
  if (signal?.aborted === true && isAbort(error, signal)) return abortedError(signal.reason, error);
  if (error instanceof ConnectError && !error.isWireError) return fromOwnConnectError(error);
  return new AppError("internal", "rpc.internal", "unknown error", { cause: error });
};

const isAbort = (error: unknown, signal: AbortSignal): boolean =>
  error === signal.reason ||
  (error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError")) ||
  (error instanceof ConnectError &&
    (error.code === Code.Canceled || error.code === Code.DeadlineExceeded || error.code === Code.Aborted));

const abortedError = (reason: unknown, cause: unknown): AppError => {
  const late = reason instanceof Error && (reason.name === "DeadlinePassed" || reason.name === "TimeoutError");
  if (late || (reason instanceof ConnectError && reason.code === Code.DeadlineExceeded))
    return new AppError(
      "deadline_exceeded",
      "rpc.deadline_exceeded",
      "The deadline passed before the call was answered.",
      { cause },
    );
  if (reason instanceof ConnectError && reason.code === Code.Unavailable)
    return new AppError("unavailable", "rpc.shutting_down", "The server is shutting down.", { cause });
  return new AppError("cancelled", "rpc.cancelled", "The caller went away.", { cause });
};

const slugs: Partial<Record<ErrorKind, string>> = {
  invalid_argument: "request.malformed",
  resource_exhausted: "request.too_large",
  internal: "rpc.internal",
};

/** Errors that Connect itself raises on this side: a method without implementation, a protocol error. Their texts name methods and fields, nothing internal. */
const fromOwnConnectError = (error: ConnectError): AppError => {
  const kind = kindOfCode(error.code);
  return new AppError(kind, slugs[kind] ?? `rpc.${kind}`, error.rawMessage, { cause: error });
};
