import { Code, ConnectError } from "@connectrpc/connect";
import { AppError, isAppError } from "@tandem/kernel";
import { kindOfCode } from "./codes.ts";
import { readErrorInfo } from "./error-info.ts";

/** The AppError that the callee threw, as far as it told: slug, kind, details. Transport failures become `rpc.unavailable`. */
export const fromConnectError = (
  error: unknown,
  call: { readonly rpc: string; readonly signal: AbortSignal },
): AppError => {
  if (isAppError(error)) return error;
  const connectError = ConnectError.from(error);
  const cause = error;
  if (call.signal.aborted && !connectError.isWireError) return ended(call, cause);
  const info = readErrorInfo(connectError);
  const kind = kindOfCode(connectError.code);
  if (info !== undefined)
    return new AppError(kind, info.slug, connectError.rawMessage, {
      cause,
      retryable: info.retryable,
      details: info.details,
    });
  switch (connectError.code) {
    case Code.DeadlineExceeded:
      return new AppError("deadline_exceeded", "rpc.deadline_exceeded", `${call.rpc} did not answer in time.`, {
        cause,
      });
    case Code.Canceled:
      return new AppError("cancelled", "rpc.cancelled", `${call.rpc} was cancelled.`, { cause });
    // Our servers never say Unknown or a bare Unavailable: these are proxies, sidecars and sockets.
    case Code.Unknown:
    case Code.Unavailable:
    case Code.Aborted:
      return new AppError("unavailable", "rpc.unavailable", `${call.rpc} cannot be reached.`, { cause });
    // A rate limit carries our detail. Without it this is Connect's own: a message over the limit of one side.
    case Code.ResourceExhausted:
      return new AppError("resource_exhausted", "request.too_large", `${call.rpc}: a message is too large.`, {
        cause,
        retryable: false,
      });
    case Code.Internal:
    case Code.DataLoss:
      // connect-node knows three errors of a socket; every other, EPIPE of a connection that was closed while it was idle, is Internal to it.
      if (!connectError.isWireError && isOfConnection(error))
        return new AppError("unavailable", "rpc.unavailable", `${call.rpc} cannot be reached.`, { cause });
      return new AppError("internal", "rpc.internal", `${call.rpc} failed.`, { cause });
    default:
      return new AppError(kind, `rpc.${kind}`, connectError.rawMessage, { cause });
  }
};

const BROKEN_OFF: ReadonlySet<unknown> = new Set(["ERR_STREAM_PREMATURE_CLOSE", "ERR_SOCKET_CLOSED"]);

/** Whether the operating system, or a stream that broke off, is the cause: those errors have a number, or one of two names. */
const isOfConnection = (error: unknown): boolean => {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    if ("errno" in at && typeof at.errno === "number") return true;
    if ("code" in at && BROKEN_OFF.has(at.code)) return true;
  }
  return false;
};

const ended = (call: { readonly rpc: string; readonly signal: AbortSignal }, cause: unknown): AppError => {
  const { reason } = call.signal;
  const late = reason instanceof Error && (reason.name === "DeadlinePassed" || reason.name === "TimeoutError");
  return late
    ? new AppError("deadline_exceeded", "rpc.deadline_exceeded", `${call.rpc} did not answer in time.`, { cause })
    : new AppError("cancelled", "rpc.cancelled", `${call.rpc} was cancelled.`, { cause });
};
