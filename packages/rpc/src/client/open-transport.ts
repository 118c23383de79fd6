import { Agent } from "node:http";
import type { Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { Target } from "./target.ts";

export interface OpenTransport {
  readonly transport: Transport;
  /** Closes idle connections at once; those in use end with their calls. */
  close(): void;
}

/** Largest response that a client reads: a server gone wrong must not take its callers' memory. */
const READ_MAX_BYTES = 16 * 1024 * 1024;

export const openTransport = (target: Target, maxConnections: number): OpenTransport => {
  // Inside the cluster compressing costs more time than it saves.
  const common = { readMaxBytes: READ_MAX_BYTES, acceptCompression: [] };
  const baseUrl = target.kind === "direct" ? target.baseUrl : target.daprHttpUrl;
  if (target.kind === "direct" && target.protocol === "grpc") {
    const sessionManager = new Http2SessionManager(baseUrl, {
      pingIntervalMs: 20_000,
      idleConnectionTimeoutMs: 300_000,
    });
    return {
      transport: createGrpcTransport({ baseUrl, sessionManager, ...common }),
      close: () => sessionManager.abort(),
    };
  }
  // HTTP/1.1 and a pool, not one multiplexed connection: in Kubernetes a connection sticks to one pod, a pool spreads.
  const agent = new Agent({ keepAlive: true, maxSockets: maxConnections, scheduling: "lifo" });
  const transport = createConnectTransport({
    baseUrl,
    httpVersion: "1.1",
    useBinaryFormat: true,
    nodeOptions: { agent },
    ...common,
  });
  return { transport, close: () => agent.destroy() };
};
