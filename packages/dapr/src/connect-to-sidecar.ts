import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { Dapr } from "./gen/dapr/proto/runtime/v1/dapr_pb.ts";

/** Dapr's service as a typed client, with the connection under it. */
export interface SidecarConnection {
  readonly client: Client<typeof Dapr>;
  /** Ends the connection; calls in flight fail as unavailable. */
  close(): void;
}

export interface SidecarConnectionOptions {
  /** Default 127.0.0.1: a sidecar shares the network of its app. */
  readonly host?: string;
  readonly grpcPort: number;
  /** Sent as `dapr-api-token` with each call. */
  readonly apiToken?: string;
  /** For calls that carry no deadline of their own: 1 to 60000, default 5000. */
  readonly defaultTimeoutMs?: number;
}

/** Opens lazily: the first call connects, and a lost connection is made anew by the next call. */
export const connectToSidecar = (options: SidecarConnectionOptions): SidecarConnection => {
  const baseUrl = `http://${options.host ?? "127.0.0.1"}:${options.grpcPort}`;
  // The ping detects a connection that died without a FIN (a killed sidecar container), which would otherwise hang until the deadline.
  const sessionManager = new Http2SessionManager(baseUrl, { pingIntervalMs: 10_000, pingTimeoutMs: 5_000 });
  const transport = createGrpcTransport({
    baseUrl,
    sessionManager,
    defaultTimeoutMs: options.defaultTimeoutMs ?? 5_000,
    // On loopback compression costs CPU and saves nothing.
    acceptCompression: [],
    interceptors: options.apiToken === undefined ? [] : [sendToken(options.apiToken)],
  });
  return { client: createClient(Dapr, transport), close: () => sessionManager.abort() };
};

const sendToken =
  (token: string): Interceptor =>
  (next) =>
  (request) => {
    request.header.set("dapr-api-token", token);
    return next(request);
  };
