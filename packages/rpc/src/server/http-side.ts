import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { ConnectRouter, ConnectRouterOptions } from "@connectrpc/connect";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import { createOpsRoutes, type Health, type Logger, type Metrics } from "@tandem/runtime";
import { createNodeHandler, createTranscoder } from "@tandem/transcoding";
import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
import { type EdgeWatch, protocolOf } from "./edge.ts";
import {
  answerBadRequest,
  bodyOf,
  bodyTooLarge,
  isPlainAddress,
  procedureNotFound,
  type Refusal,
  refusals,
  routeNotFound,
} from "./http-refusals.ts";
import type { EffectiveLimits } from "./limits.ts";
import { encodeError, encodeResponse } from "./rest-envelope.ts";

export interface HttpSideOptions {
  readonly port: number;
  readonly host: string;
  readonly limits: EffectiveLimits;
  readonly connect: ConnectRouterOptions;
  readonly routes: (router: ConnectRouter) => void;
  readonly edge: EdgeWatch;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly openApi: () => unknown;
}

export interface HttpSide {
  start(): Promise<{ readonly port: number }>;
  /** Closes idle connections; those in use are told to close with their answer. */
  drain(): void;
  stop(): Promise<void>;
}

const opsPaths: ReadonlySet<string> = new Set(["/livez", "/readyz", "/metrics"]);
const OPENAPI_PATH = "/openapi.json";

/** REST, Connect and gRPC-Web, with probes, metrics and the OpenAPI document, on one HTTP/1.1 port. */
export const createHttpSide = (options: HttpSideOptions): HttpSide => {
  const { limits, edge, log } = options;
  const app = fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    forceCloseConnections: true,
    http: {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: Math.max(50, Math.min(5_000, limits.headersTimeoutMs / 4)),
      maxHeaderSize: 16_384,
    },
    clientErrorHandler: answerBadRequest,
    frameworkErrors: (_error, _request, reply) => {
      refuse(reply, refusals.malformedUrl);
    },
    // The fuller path is never interesting to fastify itself, and its default of 100 characters would turn long ids into 404s.
    routerOptions: { maxParamLength: 2_048 },
  });

  app.addHook("onRequest", async (request, reply) => {
    const path = request.raw.url?.split("?", 1)[0] ?? "/";
    if (opsPaths.has(path) || path === OPENAPI_PATH) return;
    if (!edge.admit(request.raw, reply.raw)) return refuse(reply.header("connection", "close"), refusals.shuttingDown);
    if (!isPlainAddress(request.raw.headers.host, request.raw.url)) return refuse(reply, refusals.malformedAddress);
    if (Number(request.raw.headers["content-length"] ?? 0) > limits.bodyBytes)
      return refuse(reply.header("connection", "close"), bodyTooLarge(limits.bodyBytes));
  });
  app.setNotFoundHandler((request, reply) => refuse(reply, notFound(request.raw)));
  app.setErrorHandler((error: { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log.error({ err: error }, "a request failed outside of the interceptors");
    return refuse(reply, status >= 500 ? refusals.failed : { ...refusals.malformedHttp, status });
  });

  mountOps(app, options);
  mountConnect(app, options);
  mountRest(app, options);

  return {
    start: async () => {
      await app.listen({ port: options.port, host: options.host });
      return { port: (app.server.address() as AddressInfo).port };
    },
    drain: () => app.server.closeIdleConnections(),
    stop: () => app.close(),
  };
};

const refuse = (reply: FastifyReply, refusal: Refusal): FastifyReply =>
  reply
    .code(refusal.status)
    .type("application/json")
    .send(bodyOf(refusal, protocolOf(reply.request.raw)));

/** What nobody serves, in the words of the protocol that the caller seems to speak. */
const notFound = (request: IncomingMessage): Refusal =>
  protocolOf(request) === "connect" ? procedureNotFound : routeNotFound(request.method ?? "", request.url ?? "");

const mountOps = (app: FastifyInstance, { health, metrics, openApi }: HttpSideOptions): void => {
  const answer = createOpsRoutes({ health, metrics });
  for (const path of opsPaths) {
    app.get(path, async (_request, reply) => {
      const found = await answer(path);
      return reply
        .code(found?.status ?? 404)
        .header("cache-control", "no-store")
        .type(found?.contentType ?? "text/plain")
        .send(found?.body ?? "");
    });
  }
  app.get(OPENAPI_PATH, async (_request, reply) => reply.type("application/json").send(JSON.stringify(openApi())));
};

const mountConnect = (app: FastifyInstance, { connect, routes, edge }: HttpSideOptions): void => {
  // gRPC itself needs HTTP/2 trailers: it has a port of its own.
  app.register(fastifyConnectPlugin, {
    ...connect,
    grpc: false,
    routes,
    contextValues: (request) => edge.contextValues(request.raw),
  });
};

const mountRest = (app: FastifyInstance, { connect, routes, edge, limits }: HttpSideOptions): void => {
  const transcoder = createTranscoder({
    routes,
    routerOptions: connect,
    maxBodyBytes: limits.bodyBytes,
    encodeResponse,
    encodeError,
  });
  const handle = createNodeHandler(transcoder, { contextValues: (request) => edge.contextValues(request) });
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // The transcoder reads the body itself, when the callee wants it.
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null, undefined));
    scope.all("/*", async (request, reply) => {
      reply.hijack();
      if (await handle(request.raw, reply.raw)) return;
      const refusal = notFound(request.raw);
      const body = bodyOf(refusal, protocolOf(request.raw));
      const head = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      reply.raw.writeHead(refusal.status, head).end(body);
    });
  });
};
