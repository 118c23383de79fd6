import { Dapr } from "./gen/dapr/proto/runtime/v1/dapr_pb.ts";
import { createUnaryClient, type UnaryClient } from "./unary-grpc/call-unary.ts";
import { holdConnection } from "./unary-grpc/hold-connection.ts";

/** Dapr's service as a typed client, with the connection under it. */
export interface SidecarConnection {
  readonly client: UnaryClient<typeof Dapr>;
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
  const connection = holdConnection({
    host: options.host ?? "127.0.0.1",
    port: options.grpcPort,
    // Detects a connection that died without a FIN (a killed sidecar container), which would otherwise hang until the deadline.
    ping: { intervalMs: 10_000, timeoutMs: 5_000 },
  });
  const client = createUnaryClient(Dapr, connection, {
    timeoutMs: options.defaultTimeoutMs ?? 5_000,
    headers: options.apiToken === undefined ? {} : { "dapr-api-token": options.apiToken },
  });
  return { client, close: () => connection.close() };
};
