import { AppCallback, AppCallbackHealthCheck } from "@tandem/dapr/protocol";
import { createUnaryClient, holdConnection, type UnaryClient } from "@tandem/dapr/unary-grpc";

/** The gRPC port of an app, as its sidecar sees it. */
export interface AppChannel {
  readonly callback: UnaryClient<typeof AppCallback>;
  readonly health: UnaryClient<typeof AppCallbackHealthCheck>;
  /** Sent with what carries content, not with questions about subscriptions and health: as daprd does. */
  readonly tokenHeaders: Readonly<Record<string, string>>;
  /** How often it was connected: one more than before means that the app may have started anew. */
  connections(): number;
  /** Calls in flight end as unavailable; there are no others after that. */
  close(): void;
}

export const connectToApp = (port: number, appApiToken?: string): AppChannel => {
  const connection = holdConnection({ host: "127.0.0.1", port });
  return {
    callback: createUnaryClient(AppCallback, connection),
    health: createUnaryClient(AppCallbackHealthCheck, connection),
    tokenHeaders: appApiToken === undefined ? {} : { "dapr-api-token": appApiToken },
    connections: () => connection.opened,
    close: () => connection.close(),
  };
};
