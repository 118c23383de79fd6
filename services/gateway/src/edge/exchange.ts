import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

export type NodeRequest =
  | (IncomingMessage & { readonly httpVersionMajor: 1; readonly stream?: never })
  | Http2ServerRequest;
export type NodeResponse = ServerResponse | Http2ServerResponse;
export type Protocol = "connect" | "grpc" | "grpc-web" | "rest";

/** One request and what the door has found out about it so far. */
export interface Exchange {
  readonly request: NodeRequest;
  readonly response: NodeResponse;
  readonly httpMethod: string;
  readonly protocol: Protocol;
  readonly correlationId: string;
  readonly clientAddress: string;
  readonly startedAt: number;
  /** Aborted when the caller is gone. */
  readonly gone: AbortSignal;
  /** Headers for whatever answer it gets. */
  readonly answerHeaders: Record<string, string>;
  /** For the log and the metrics. */
  label: string;
  context: string;
  subject: string;
  slug: string;
  attempts: number;
}

const RPC_PATH = /^\/(?:ops\/[^/]+\/)?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\/[A-Za-z_]\w*(?:\?|$)/;

export const protocolOf = ({ headers, url }: Pick<NodeRequest, "headers" | "url">): Protocol => {
  const type = headers["content-type"] ?? "";
  if (type.startsWith("application/grpc-web")) return "grpc-web";
  if (type.startsWith("application/grpc")) return "grpc";
  return RPC_PATH.test(url ?? "") ? "connect" : "rest";
};
