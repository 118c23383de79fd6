import { Code, ConnectError } from "@connectrpc/connect";
import { AppError, type ErrorKind, isAppError } from "@tandem/kernel";

const KIND: Record<Code, ErrorKind> = {
  [Code.Canceled]: "cancelled",
  [Code.Unknown]: "unavailable",
  [Code.InvalidArgument]: "invalid_argument",
  [Code.DeadlineExceeded]: "deadline_exceeded",
  [Code.NotFound]: "not_found",
  [Code.AlreadyExists]: "already_exists",
  [Code.PermissionDenied]: "permission_denied",
  [Code.ResourceExhausted]: "resource_exhausted",
  // A component that is not loaded (yet): Dapr answers FailedPrecondition or InvalidArgument while it starts.
  [Code.FailedPrecondition]: "unavailable",
  [Code.Aborted]: "conflict",
  [Code.OutOfRange]: "invalid_argument",
  [Code.Unimplemented]: "unimplemented",
  // Dapr wraps every error of a component (broker down, pool exhausted) in Internal: worth another try.
  [Code.Internal]: "unavailable",
  [Code.Unavailable]: "unavailable",
  [Code.DataLoss]: "internal",
  [Code.Unauthenticated]: "unauthenticated",
};

// Transactions and some stores report a lost race as Internal, with only the text to tell.
const ETAG_MISMATCH = /etag|no item was updated/i;

// Answered with InvalidArgument, as if the caller were to blame; yet a component that is still loading answers the same.
const COMPONENT_MISSING = /^(pubsub|state ?store|lock store)\b.*\bnot (found|configured)$/i;

// Connect's names for a connection that died under a call are those of a refusal: a stream that a killed sidecar left is "canceled", half an
// answer is "invalid argument". Only what the sidecar itself said is about the call.
const LOST = /^(http\/2 stream closed|protocol error)/;

const kindOf = (error: ConnectError): ErrorKind => {
  if (error.isWireError || error.code === Code.DeadlineExceeded) return KIND[error.code];
  return error.code === Code.Canceled && !LOST.test(error.rawMessage) ? "cancelled" : "unavailable";
};

/**
 * A failure of the sidecar in the platform's words. `code` is `dapr.<operation>_failed`, or `dapr.etag_mismatch` (kind
 * conflict) when somebody else wrote first, or `dapr.component_missing` (unavailable). A sidecar that died under the call is
 * `unavailable`, whatever the transport makes of it. An AppError passes through.
 */
export const toAppError = (error: unknown, operation: string): AppError => {
  if (isAppError(error)) return error;
  const cause = ConnectError.from(error);
  if (cause.isWireError && isEtagMismatch(cause)) {
    return new AppError("conflict", "dapr.etag_mismatch", `${operation}: the item was changed by somebody else`, {
      cause,
    });
  }
  if (isComponentMissing(cause)) {
    return new AppError("unavailable", "dapr.component_missing", `${operation}: ${cause.rawMessage}`, { cause });
  }
  return new AppError(kindOf(cause), `dapr.${operation}_failed`, `${operation}: ${cause.rawMessage}`, { cause });
};

const isEtagMismatch = (error: ConnectError): boolean =>
  error.code === Code.Aborted || (error.code === Code.Internal && ETAG_MISMATCH.test(error.rawMessage));

export const isComponentMissing = (error: ConnectError): boolean => COMPONENT_MISSING.test(error.rawMessage);

/** Runs one call to the sidecar; its failure is an AppError. */
export const callSidecar = async <T>(operation: string, call: () => Promise<T>): Promise<T> => {
  try {
    return await call();
  } catch (error) {
    throw toAppError(error, operation);
  }
};
