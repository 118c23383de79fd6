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
      return new AppError("internal", "rpc.internal", `${call.rpc} failed.`, { cause });
    default:
      return new AppError(kind, `rpc.${kind}`, connectError.rawMessage, { cause });
  }
};

const ended = (call: { readonly rpc: string; readonly signal: AbortSignal }, cause: unknown): AppError => {
  const { reason } = call.signal;
  const late = reason instanceof Error && (reason.name === "DeadlinePassed" || reason.name === "TimeoutError");
  return late
    ? new AppError("deadline_exceeded", "rpc.deadline_exceeded", `${call.rpc} did not answer in time.`, { cause })
    : new AppError("cancelled", "rpc.cancelled", `${call.rpc} was cancelled.`, { cause });
};
