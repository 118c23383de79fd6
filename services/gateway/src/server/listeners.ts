import { createServer as createHttp1, type RequestListener } from "node:http";
import {
  createServer as createHttp2,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from "node:http2";
import type { AddressInfo } from "node:net";
import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { answerBadRequest } from "@tandem/rpc/door";
import type { Logger } from "@tandem/runtime";
import type { NodeRequest, NodeResponse } from "../edge/exchange.ts";

export interface ListenerOptions {
  readonly host?: string;
  readonly answer: (request: NodeRequest, response: NodeResponse) => Promise<void>;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly log: Pick<Logger, "debug">;
}

export interface Listener {
  start(port: number): Promise<number>;
  /** No new connections; those in use end with their last answer. */
  drain(): void;
  stop(): Promise<void>;
}

const MAX_HEADER_BYTES = 16_384;
const MAX_HEADERS = 100;

const listening = (
  server: {
    listen(port: number, host: string, done: () => void): unknown;
    once(event: "error", told: (error: Error) => void): unknown;
    address(): unknown;
  },
  port: number,
  host: string,
): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });

/** REST, Connect and gRPC-Web on HTTP/1.1. Node's parser refuses what two servers could read differently (both lengths, two lengths, bare CR). */
export const createHttpListener = (options: ListenerOptions): Listener => {
  const { answer, headersTimeoutMs, requestTimeoutMs, idleTimeoutMs, host = "0.0.0.0" } = options;
  const server = createHttp1(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: 75_000,
      connectionsCheckingInterval: Math.max(50, Math.min(5_000, headersTimeoutMs / 4)),
      insecureHTTPParser: false,
      requireHostHeader: true,
      noDelay: true,
    },
    answer as unknown as RequestListener,
  );
  server.maxHeadersCount = MAX_HEADERS;
  server.timeout = idleTimeoutMs;
  server.on("clientError", answerBadRequest as (error: Error, socket: unknown) => void);
  return {
    start: (port) => listening(server, port, host),
    drain: () => {
      server.close();
      server.closeIdleConnections();
    },
    stop: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

export interface GrpcListenerOptions extends ListenerOptions {
  /** Health and reflection: answered here, for all services behind the door. */
  readonly infrastructure: (router: ConnectRouter) => void;
}

const CANCEL = 8;

/** gRPC over cleartext HTTP/2, and the other protocols with it. */
export const createGrpcListener = (options: GrpcListenerOptions): Listener => {
  const { answer, requestTimeoutMs, idleTimeoutMs, log, host = "0.0.0.0" } = options;
  const sessions = new Set<ServerHttp2Session>();
  const infrastructure = connectNodeAdapter({ routes: options.infrastructure, readMaxBytes: 65_536 });
  const server = createHttp2({ settings: { maxConcurrentStreams: 250, maxHeaderListSize: MAX_HEADER_BYTES } });
  server.on("request", (request: Http2ServerRequest, response: Http2ServerResponse) => {
    if (/^\/grpc\.(health|reflection)\./.test(request.url)) return void infrastructure(request, response);
    const timer = setTimeout(() => request.stream.close(CANCEL), requestTimeoutMs);
    const clear = () => clearTimeout(timer);
    request.once("end", clear);
    response.once("close", clear);
    void answer(request, response);
  });
  server.on("session", (session) => {
    sessions.add(session);
    session.setTimeout(idleTimeoutMs, () => session.close());
    session.once("close", () => sessions.delete(session));
  });
  server.on("sessionError", (err) => log.debug({ err }, "an HTTP/2 session failed"));
  return {
    start: (port) => listening(server, port, host),
    drain: () => {
      server.close();
      for (const session of sessions) session.close();
    },
    stop: async () => {
      server.close();
      for (const session of sessions) session.destroy();
    },
  };
};
