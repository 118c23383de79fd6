import type { Message } from "@bufbuild/protobuf";
import type { ContextValues } from "@connectrpc/connect";
import type { Route } from "./route.ts";

export interface Invocation {
  readonly route: Route;
  /**
   * Reads and decodes the HTTP request, once. Called when the callee wants its message and not before: a `requestGate` can thus refuse
   * a caller whose body nobody has read.
   */
  readonly decode: () => Promise<Message>;
  /** The caller's, without what belonged to its HTTP message; may be changed. */
  readonly headers: Headers;
  readonly timeoutMs: number | undefined;
  readonly url: string;
  readonly signal: AbortSignal;
  readonly contextValues: ContextValues | undefined;
}

export interface UnaryResult {
  readonly message: Message;
  readonly headers: Headers;
}

export interface StreamResult {
  /** Undefined when the stream is empty. */
  readonly first: Message | undefined;
  /** All of them, the first included. Iterate, if only to leave at once: else the handler never learns that nobody listens. */
  readonly messages: AsyncIterable<Message>;
  readonly headers: Headers;
}

/** Carries out the RPC. Both throw ConnectError, or whatever `decode` threw. */
export interface Invoker {
  unary(call: Invocation): Promise<UnaryResult>;
  /** Resolves with the first message at hand (or the end), so that an early failure can still have its own status. */
  serverStream(call: Invocation): Promise<StreamResult>;
}

const hopHeaders = new Set([
  "accept-encoding",
  "connect-accept-encoding",
  "connect-content-encoding",
  "connect-protocol-version",
  "connect-timeout-ms",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "date",
  "request-timeout",
  "grpc-accept-encoding",
  "grpc-encoding",
  "grpc-timeout",
  "keep-alive",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * What is left of headers when the protocol of one hop is taken away. `te`, `host` and the like stay for the handler to see; trailers,
 * which unary Connect responses carry as headers with a prefix, become plain headers.
 */
export const withoutProtocolHeaders = (headers: Headers | undefined): Headers => {
  const kept = new Headers();
  headers?.forEach((value, name) => {
    if (!hopHeaders.has(name)) kept.append(name.startsWith("trailer-") ? name.slice(8) : name, value);
  });
  return kept;
};
