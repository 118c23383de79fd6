import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { AppCallback, AppCallbackHealthCheck } from "@tandem/dapr/protocol";

/** The gRPC port of an app, as its sidecar sees it. */
export interface AppChannel {
  readonly callback: Client<typeof AppCallback>;
  readonly health: Client<typeof AppCallbackHealthCheck>;
  /** Sent with what carries content, not with questions about subscriptions and health: as daprd does. */
  readonly tokenHeaders: Readonly<Record<string, string>>;
  /** How often it was connected: one more than before means that the app may have started anew. */
  connections(): number;
  close(): void;
}

const CONNECTED = new Set(["connecting", "open", "idle", "verifying"]);

class CountingSessionManager extends Http2SessionManager {
  connections = 0;

  override async request(...args: Parameters<Http2SessionManager["request"]>) {
    if (!CONNECTED.has(this.state())) this.connections++;
    return super.request(...args);
  }
}

export const connectToApp = (port: number, appApiToken?: string): AppChannel => {
  const baseUrl = `http://127.0.0.1:${port}`;
  const sessionManager = new CountingSessionManager(baseUrl);
  const transport = createGrpcTransport({ baseUrl, sessionManager, acceptCompression: [] });
  return {
    callback: createClient(AppCallback, transport),
    health: createClient(AppCallbackHealthCheck, transport),
    tokenHeaders: appApiToken === undefined ? {} : { "dapr-api-token": appApiToken },
    connections: () => sessionManager.connections,
    close: () => sessionManager.abort(),
  };
};
