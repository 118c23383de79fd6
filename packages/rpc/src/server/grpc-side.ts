import { createServer, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { type ConnectRouter, type ConnectRouterOptions, createConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { Logger } from "@tandem/runtime";
import type { EdgeWatch } from "./edge.ts";
import { isPlainAddress } from "./http-refusals.ts";
import type { EffectiveLimits } from "./limits.ts";

export interface GrpcSideOptions {
  readonly port: number;
  readonly host: string;
  readonly limits: EffectiveLimits;
  readonly connect: ConnectRouterOptions;
  /** The application's services, behind the chain. */
  readonly routes: (router: ConnectRouter) => void;
  /** Health and reflection: no chain, no token, not counted as in flight. */
  readonly infrastructure: (router: ConnectRouter) => void;
  readonly edge: EdgeWatch;
  readonly log: Logger;
  readonly shutdownSignal: AbortSignal;
}

export interface GrpcSide {
  start(): Promise<{ readonly port: number }>;
  /** No new connections; GOAWAY on those that are there, which end with their last stream. */
  drain(): void;
  stop(): Promise<void>;
}

/** gRPC (and Connect and gRPC-Web) over cleartext HTTP/2, with health and reflection. */
export const createGrpcSide = (options: GrpcSideOptions): GrpcSide => {
  const { limits, edge, log, shutdownSignal } = options;
  const sessions = new Set<ServerHttp2Session>();
  const infrastructure = connectNodeAdapter({
    routes: options.infrastructure,
    readMaxBytes: 65_536,
    shutdownSignal,
    fallback: notFound,
  });
  const application = connectNodeAdapter({
    ...options.connect,
    routes: options.routes,
    contextValues: (request) => edge.contextValues(request),
    fallback: notFound,
  });

  const openEnded = clientStreamingPaths(options);

  const server = createServer({
    settings: { maxConcurrentStreams: limits.maxConcurrentStreams, maxHeaderListSize: 16_384 },
    unknownProtocolTimeout: limits.headersTimeoutMs,
  });
  server.on("request", (request: Http2ServerRequest, response: Http2ServerResponse) => {
    if (!isPlainAddress(request.authority, request.url)) return void response.writeHead(400).end();
    if (!openEnded.has(request.url)) limitSlowBody(request, limits.requestTimeoutMs);
    if (/^\/grpc\.(health|reflection)\./.test(request.url)) return void infrastructure(request, response);
    if (!edge.admit(request, response)) return void request.stream.close(REFUSED_STREAM);
    application(request, response);
  });
  server.on("session", (session) => {
    sessions.add(session);
    const aged = setTimeout(() => session.close(), limits.maxConnectionAgeMs * (0.9 + 0.2 * Math.random()));
    session.once("close", () => {
      clearTimeout(aged);
      sessions.delete(session);
    });
  });
  server.on("sessionError", (err) => log.debug({ err }, "an HTTP/2 session failed"));

  return {
    start: () =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(options.port, options.host, () => resolve({ port: (server.address() as AddressInfo).port }));
      }),
    drain: () => {
      if (server.listening) server.close();
      for (const session of sessions) session.close();
    },
    stop: async () => {
      if (server.listening) server.close();
      const closed = [...sessions].map((session) => new Promise((resolve) => session.once("close", resolve)));
      for (const session of sessions) session.destroy();
      await Promise.all(closed);
    },
  };
};

/** Methods whose callers may take their time to send. */
const clientStreamingPaths = ({ routes, infrastructure }: GrpcSideOptions): ReadonlySet<string> => {
  const router = createConnectRouter();
  routes(router);
  infrastructure(router);
  const streaming = router.handlers.filter(({ method }) => method.methodKind.match(/^(client|bidi)_/));
  return new Set(streaming.map(({ requestPath }) => requestPath));
};

// "Not processed, safe to repeat elsewhere": RFC 9113, 8.7.
const REFUSED_STREAM = 7;

const notFound = (
  _request: unknown,
  response: Http2ServerResponse | { writeHead(status: number): { end(): void } },
): void => {
  (response as Http2ServerResponse).writeHead(404).end();
};

/** HTTP/2 has no request timeout in Node. Once the body is in, a stream may be as quiet as it likes. */
const limitSlowBody = (request: Http2ServerRequest, timeoutMs: number): void => {
  const timer = setTimeout(() => request.stream.close(CANCEL), timeoutMs);
  const clear = (): void => clearTimeout(timer);
  request.once("end", clear);
  request.once("close", clear);
};
const CANCEL = 8;
