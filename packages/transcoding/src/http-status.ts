import { Code } from "@connectrpc/connect";

interface CodeNames {
  readonly status: number;
  readonly name: string;
}

/** google.rpc.Code's own mapping to HTTP, and its names. */
const table: Readonly<Record<Code, CodeNames>> = {
  [Code.Canceled]: { status: 499, name: "CANCELLED" },
  [Code.Unknown]: { status: 500, name: "UNKNOWN" },
  [Code.InvalidArgument]: { status: 400, name: "INVALID_ARGUMENT" },
  [Code.DeadlineExceeded]: { status: 504, name: "DEADLINE_EXCEEDED" },
  [Code.NotFound]: { status: 404, name: "NOT_FOUND" },
  [Code.AlreadyExists]: { status: 409, name: "ALREADY_EXISTS" },
  [Code.PermissionDenied]: { status: 403, name: "PERMISSION_DENIED" },
  [Code.ResourceExhausted]: { status: 429, name: "RESOURCE_EXHAUSTED" },
  [Code.FailedPrecondition]: { status: 400, name: "FAILED_PRECONDITION" },
  [Code.Aborted]: { status: 409, name: "ABORTED" },
  [Code.OutOfRange]: { status: 400, name: "OUT_OF_RANGE" },
  [Code.Unimplemented]: { status: 501, name: "UNIMPLEMENTED" },
  [Code.Internal]: { status: 500, name: "INTERNAL" },
  [Code.Unavailable]: { status: 503, name: "UNAVAILABLE" },
  [Code.DataLoss]: { status: 500, name: "DATA_LOSS" },
  [Code.Unauthenticated]: { status: 401, name: "UNAUTHENTICATED" },
};

/** The HTTP status of an RPC code, by google/rpc/code.proto. */
export const httpStatusOf = (code: Code): number => table[code]?.status ?? 500;

/** "NOT_FOUND" for Code.NotFound. */
export const statusNameOf = (code: Code): string => table[code]?.name ?? "UNKNOWN";

const codeByWireName = new Map(
  (Object.keys(table).map(Number) as Code[]).map((code) => [
    (code === Code.Canceled ? "canceled" : statusNameOf(code).toLowerCase()) as string,
    code,
  ]),
);

/** Connect's wire name ("not_found") to the code. */
export const codeOfWireName = (name: string): Code => codeByWireName.get(name) ?? Code.Unknown;
