import { createAuthenticator } from "@tandem/auth";
import type { Foundation, GatewayServer } from "@tandem/chassis";
import { gatewayEntry, serviceCatalogue } from "@tandem/contracts";
import { createReflectionRoutes } from "@tandem/reflection";
import { createHealthService, createInFlight, envelopeOf, Health as GrpcHealth, refusals } from "@tandem/rpc/door";
import { createOpsServer } from "@tandem/runtime";
import type { DoorConfig } from "../config/config.ts";
import { loadDocsPage } from "../document/docs-page.ts";
import { mergeOpenApi } from "../document/merge-openapi.ts";
import { createCors } from "../edge/cors.ts";
import type { NodeRequest, NodeResponse } from "../edge/exchange.ts";
import { createRequestLog } from "../edge/request-log.ts";
import { createSharedRateLimit } from "../edge/shared-rate-limit.ts";
import { holdToken } from "../forward/hold-token.ts";
import { createSharedAnswers } from "../forward/shared-answers.ts";
import { createUpstreams } from "../forward/upstreams.ts";
import { createHealthBoard } from "../health/context-health.ts";
import { createRouteTable, operationsServices } from "../routing/route-table.ts";
import { makeAnswerRequest } from "./answer-request.ts";
import { makeForwardCall } from "./forward-call.ts";
import { createGrpcListener, createHttpListener } from "./listeners.ts";
import { makeAnswerOwnPath } from "./own-paths.ts";

/** The state store that replicas share; `npm run components` writes it. */
const STATE_STORE = "gatewaystore";

/** The door: everything in front of, and nothing in, the contexts. */
export const composeGateway = (foundation: Foundation<DoorConfig>): GatewayServer => {
  const { config, dapr, health, log, metrics, telemetry } = foundation;
  const contexts = serviceCatalogue;
  const upstreams = createUpstreams({
    contexts,
    way:
      config.UPSTREAM_MODE === "sidecar"
        ? { kind: "sidecar", daprHttpUrl: `http://127.0.0.1:${config.DAPR_HTTP_PORT}` }
        : { kind: "direct", portOffset: config.UPSTREAM_PORT_OFFSET },
    maxInFlight: config.MAX_IN_FLIGHT_PER_CONTEXT,
    slowMs: config.SLOW_ANSWER_MS,
    log,
    metrics,
  });
  const limiter = createSharedRateLimit({ log, ...(config.RATE_SHARED ? { store: dapr.state(STATE_STORE) } : {}) });
  const board = createHealthBoard({
    contexts,
    upstreams,
    headersFor: (context): Record<string, string> =>
      upstreams.viaSidecar
        ? { "dapr-app-id": context, ...(config.DAPR_API_TOKEN ? { "dapr-api-token": config.DAPR_API_TOKEN } : {}) }
        : {},
  });
  let document: string | undefined;
  const rate = (perSecond: number) => ({ perSecond, burst: 2 * perSecond });
  const answer = makeAnswerRequest({
    routes: createRouteTable(contexts, (service, error) =>
      log.error({ service: service.typeName, err: error }, "left out: its routes are broken, or another's"),
    ),
    answerOwnPath: makeAnswerOwnPath({
      contexts: new Set(contexts.map(({ context }) => context)),
      health,
      board,
      docs: loadDocsPage(),
      openApi: () => {
        document ??= JSON.stringify(mergeOpenApi(contexts));
        return document;
      },
    }),
    forwardCall: makeForwardCall({
      upstreams,
      callerAppId: gatewayEntry.apiAppId,
      daprApiToken: config.DAPR_API_TOKEN,
      serviceToken: holdToken(foundation.serviceTokens, log),
      maxBodyBytes: config.MAX_BODY_BYTES,
      defaultDeadlineMs: config.DEFAULT_DEADLINE_MS,
      maxDeadlineMs: config.MAX_DEADLINE_MS,
      sharedAnswers: config.SHARED_ANSWER_MS === 0 ? undefined : createSharedAnswers(config.SHARED_ANSWER_MS, metrics),
    }),
    authenticator: createAuthenticator({
      issuer: config.AUTH_ISSUER,
      audience: config.AUTH_AUDIENCE,
      jwksUrl: config.AUTH_JWKS_URL,
    }),
    limiter,
    rates: {
      read: rate(config.RATE_READ_PER_SECOND),
      write: rate(config.RATE_WRITE_PER_SECOND),
      auth: rate(config.RATE_AUTH_PER_SECOND),
      other: rate(config.RATE_OTHER_PER_SECOND),
    },
    cors: createCors(config.CORS_ORIGINS),
    requestLog: createRequestLog(log, metrics),
    telemetry,
    trustedProxies: config.TRUSTED_PROXIES,
  });

  const inFlight = createInFlight();
  const admitted = async (request: NodeRequest, response: NodeResponse): Promise<void> => {
    const leave = inFlight.enter();
    if (leave === undefined) return refuse(response);
    response.once("close", leave);
    await answer(request, response);
  };
  const listening = {
    answer: admitted,
    headersTimeoutMs: config.HEADERS_TIMEOUT_MS,
    requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
    idleTimeoutMs: config.IDLE_TIMEOUT_MS,
    log,
  };
  const http = createHttpListener(listening);
  const services = [...contexts.flatMap((entry) => entry.services), ...operationsServices];
  const grpc = createGrpcListener({
    ...listening,
    infrastructure: (router) => {
      const names = new Set(services.map(({ typeName }) => typeName));
      router.service(GrpcHealth, createHealthService({ health, services: names }));
      createReflectionRoutes({ services: [...services, GrpcHealth] })(router);
    },
  });
  const ops = createOpsServer({ port: config.OPS_PORT, health, metrics });

  return {
    start: async () => {
      const httpPort = await http.start(config.HTTP_PORT);
      const grpcPort = await grpc.start(config.GRPC_PORT);
      const { port: opsPort } = await ops.start();
      log.info({ httpPort, grpcPort, opsPort, upstream: config.UPSTREAM_MODE }, "listening");
      return {
        httpUrl: `http://127.0.0.1:${httpPort}`,
        grpcUrl: `http://127.0.0.1:${grpcPort}`,
        opsUrl: `http://127.0.0.1:${opsPort}`,
      };
    },
    drain: () => {
      health.setServing(false);
      const idle = inFlight.drain();
      http.drain();
      grpc.drain();
      return idle;
    },
    stop: async () => {
      await Promise.all([http.stop(), grpc.stop(), ops.stop()]);
      await limiter[Symbol.asyncDispose]();
      await upstreams.close();
    },
  };
};

const refuse = (response: NodeResponse): void => {
  const body = JSON.stringify(envelopeOf(refusals.shuttingDown.error));
  response.statusCode = 503;
  response.setHeader("content-type", "application/json");
  response.setHeader("connection", "close");
  (response as { end(text: string): void }).end(body);
};
