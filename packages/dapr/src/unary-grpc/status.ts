import { constants } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";

export interface Status {
  readonly code: number;
  readonly message: string;
}

/** What the other side is told. An error that nobody meant for it says nothing of itself. */
export const statusOf = (error: unknown): Status =>
  error instanceof ConnectError
    ? { code: error.code, message: error.rawMessage }
    : { code: Code.Internal, message: "internal error" };

const LONGEST_MESSAGE = 4_000;

/** But for printable ASCII: `%` itself, and blanks at the ends, which HTTP does not keep. */
const NOT_PLAIN = /^ +| +$|[^ -$&-~]+/gu;

/** The value of `grpc-message`: percent-encoded UTF-8, cut where a header would become too long to be sent. */
export const encodeMessage = (message: string): string =>
  message
    .slice(0, LONGEST_MESSAGE)
    .toWellFormed()
    .replace(NOT_PLAIN, (text) =>
      Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
    );

/** What cannot be decoded is taken as it stands: a message is for reading. */
export const decodeMessage = (value: string): string => {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
};

/** The failure that the other side told of; undefined for success. `isWireError` tells it from one of the connection. */
export const toError = (grpcStatus: string, grpcMessage = ""): ConnectError | undefined => {
  if (grpcStatus === "0") return undefined;
  const known = /^([1-9]|1[0-6])$/.test(grpcStatus);
  const error = new ConnectError(decodeMessage(grpcMessage), known ? (Number(grpcStatus) as Code) : Code.Unknown);
  error.isWireError = true;
  return error;
};

const BY_HTTP_STATUS: Readonly<Record<number, Code>> = {
  400: Code.Internal,
  401: Code.Unauthenticated,
  403: Code.PermissionDenied,
  404: Code.Unimplemented,
  429: Code.Unavailable,
  502: Code.Unavailable,
  503: Code.Unavailable,
  504: Code.Unavailable,
};

/** Somebody answered who speaks no gRPC. */
export const httpError = (status: number): ConnectError =>
  new ConnectError(`protocol error: HTTP ${status} without a gRPC status`, BY_HTTP_STATUS[status] ?? Code.Unknown);

const BY_RESET: Readonly<Record<number, Code>> = {
  [constants.NGHTTP2_REFUSED_STREAM]: Code.Unavailable,
  [constants.NGHTTP2_CANCEL]: Code.Canceled,
  [constants.NGHTTP2_ENHANCE_YOUR_CALM]: Code.ResourceExhausted,
  [constants.NGHTTP2_INADEQUATE_SECURITY]: Code.PermissionDenied,
};

/** A stream that ended without a status: reset by the other side, or with only half an answer. */
export const resetError = (code: number): ConnectError =>
  code === constants.NGHTTP2_NO_ERROR
    ? new ConnectError("protocol error: the answer has no status", Code.Internal)
    : new ConnectError(`http/2 stream closed with error code 0x${code.toString(16)}`, BY_RESET[code] ?? Code.Internal);
