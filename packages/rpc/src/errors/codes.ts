import { Code } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import type { ErrorKind } from "@tandem/kernel";

/** The only table between kinds, codes and HTTP statuses. */
const table: Readonly<Record<ErrorKind, { readonly code: Code; readonly status: number }>> = {
  invalid_argument: { code: Code.InvalidArgument, status: 400 },
  unauthenticated: { code: Code.Unauthenticated, status: 401 },
  permission_denied: { code: Code.PermissionDenied, status: 403 },
  not_found: { code: Code.NotFound, status: 404 },
  already_exists: { code: Code.AlreadyExists, status: 409 },
  conflict: { code: Code.Aborted, status: 409 },
  // Not 412: no conditional header failed. The request contradicts the state that the thing is in.
  failed_precondition: { code: Code.FailedPrecondition, status: 409 },
  resource_exhausted: { code: Code.ResourceExhausted, status: 429 },
  deadline_exceeded: { code: Code.DeadlineExceeded, status: 504 },
  unavailable: { code: Code.Unavailable, status: 503 },
  cancelled: { code: Code.Canceled, status: 499 },
  unimplemented: { code: Code.Unimplemented, status: 501 },
  internal: { code: Code.Internal, status: 500 },
};

const kinds = new Map<Code, ErrorKind>((Object.keys(table) as ErrorKind[]).map((kind) => [table[kind].code, kind]));
kinds.set(Code.OutOfRange, "invalid_argument");

export const codeOfKind = (kind: ErrorKind): Code => table[kind].code;
export const httpStatusOfKind = (kind: ErrorKind): number => table[kind].status;
/** Unknown and DataLoss are internal. */
export const kindOfCode = (code: Code): ErrorKind => kinds.get(code) ?? "internal";
/** The REST envelope's `code` for slugs outside of the catalogue: the kind's code in gRPC's numbering. */
export const fallbackNumberOfKind = (kind: ErrorKind): number => table[kind].code;
/** `not_found`: the code as Connect writes it, for logs, metrics and spans. */
export const nameOfCode = (code: Code): string => codeToString(code);
