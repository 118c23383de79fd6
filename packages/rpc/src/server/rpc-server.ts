import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import type { Authenticator } from "@tandem/auth";
import { createReflectionRoutes } from "@tandem/reflection";
import type { Health, Logger, Metrics, Telemetry } from "@tandem/runtime";
import { createServerChain } from "../chain/server-chain.ts";
import { assertRulesCompile } from "../chain/validate-requests.ts";
import { Health as GrpcHealth } from "../gen/grpc/health/v1/health_pb.ts";
import type { IdempotencyStore } from "../idempotency/idempotency-store.ts";
import { guardService, type ServiceRegistration } from "../service-registration.ts";
import { connectOptions } from "./connect-options.ts";
import { createEdgeWatch } from "./edge.ts";
import { createGrpcSide } from "./grpc-side.ts";
import { createHealthService } from "./health-service.ts";
import { createHttpSide } from "./http-side.ts";
import { createInFlight } from "./in-flight.ts";
import { effectiveLimits, type RpcLimits } from "./limits.ts";
import { describeApi } from "./openapi.ts";

export interface RpcServerOptions {
  /** The binary's name; title of the OpenAPI document. */
  readonly name: string;
  /** Of the OpenAPI document. Default "1.0.0". */
  readonly version?: string;
  /** REST, Connect, gRPC-Web, probes, metrics, OpenAPI. 0 takes a free one. */
  readonly httpPort: number;
  /** gRPC with reflection and health. 0 takes a free one. */
  readonly grpcPort: number;
  /** Default "0.0.0.0". */
  readonly host?: string;
  readonly services: readonly ServiceRegistration[];
  readonly authenticator: Authenticator;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly telemetry: Pick<Telemetry, "tracer">;
  readonly log: Logger;
  readonly limits?: RpcLimits;
  /** Where responses to calls with an `Idempotency-Key` are kept. Without one the header is only passed to the handler. */
  readonly idempotency?: IdempotencyStore;
}

export interface RpcAddresses {
  readonly httpPort: number;
  readonly grpcPort: number;
  /** For clients on this machine. */
  readonly httpUrl: string;
  readonly grpcUrl: string;
}

export interface RpcServer extends AsyncDisposable {
  /** Listens on both ports, or on none. @throws the listener's error (EADDRINUSE) */
  start(): Promise<RpcAddresses>;
  /** Health NOT_SERVING, no new calls (503 or GOAWAY), resolves when those in flight are done. Probes and metrics go on. */
  drain(): Promise<void>;
  /** Ends what is left (`rpc.shutting_down`), at most after `graceMs` (default 1 000) of waiting, and closes both ports. Safe to repeat. */
  stop(graceMs?: number): Promise<void>;
}

/** @throws Error for validation rules that do not compile; TranscodingConfigurationError for broken REST annotations */
export const createRpcServer = (options: RpcServerOptions): RpcServer => {
  const { name, version = "1.0.0", host = "0.0.0.0", health, metrics, telemetry, log, authenticator } = options;
  const limits = effectiveLimits(options.limits);
  const inFlight = createInFlight();
  const shutdown = new AbortController();
  const chain = createServerChain({ ...limits, authenticator, telemetry, metrics, log });
  const { idempotency: store } = options;
  const registrations =
    store === undefined
      ? options.services
      : options.services.map((one) => guardService(one, { store, graceMs: limits.idempotencyGraceMs, log }));
  const services = registrations.map(({ service }) => service);
  assertRulesCompile(services);

  const routes = (router: ConnectRouter): void => {
    for (const { service, implementation } of registrations) router.service(service, implementation);
  };
  const infrastructure = (router: ConnectRouter): void => {
    router.service(
      GrpcHealth,
      createHealthService({ health, services: new Set(services.map(({ typeName }) => typeName)) }),
    );
    createReflectionRoutes({ services: [...services, GrpcHealth] })(router);
  };
  const edge = createEdgeWatch({ inFlight, metrics, log, ...limits });
  const connect = connectOptions(chain, limits, shutdown.signal);
  const common = { host, limits, routes, edge, log };
  let document: ReturnType<typeof describeApi> | undefined;
  const http = createHttpSide({
    ...common,
    connect: { ...connect },
    port: options.httpPort,
    health,
    metrics,
    openApi: () => {
      document ??= describeApi(name, version, services);
      return document;
    },
  });
  const grpc = createGrpcSide({
    ...common,
    connect: { ...connect },
    port: options.grpcPort,
    infrastructure,
    shutdownSignal: shutdown.signal,
  });

  const drain = (): Promise<void> => {
    health.setServing(false);
    const idle = inFlight.drain();
    http.drain();
    grpc.drain();
    return idle;
  };
  let stopped: Promise<void> | undefined;
  const end = async (graceMs: number): Promise<void> => {
    await within(graceMs, drain());
    if (inFlight.count > 0) {
      log.warn({ inFlight: inFlight.count }, "calls cut off by shutdown");
      shutdown.abort(new ConnectError("the server is shutting down", Code.Unavailable));
      // One turn of the loop for the refusals to be written before their sockets close.
      await within(100, inFlight.drain());
    }
    shutdown.abort(new ConnectError("the server is shutting down", Code.Unavailable));
    await Promise.all([http.stop(), grpc.stop()]);
  };
  const stop = (graceMs = 1_000): Promise<void> => {
    stopped ??= end(graceMs);
    return stopped;
  };

  return {
    start: async () => {
      const { port: httpPort } = await http.start();
      try {
        const { port: grpcPort } = await grpc.start();
        log.info({ httpPort, grpcPort, services: services.map(({ typeName }) => typeName) }, "listening");
        return { httpPort, grpcPort, httpUrl: `http://127.0.0.1:${httpPort}`, grpcUrl: `http://127.0.0.1:${grpcPort}` };
      } catch (error) {
        await http.stop();
        throw error;
      }
    },
    drain,
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
};

const within = async (ms: number, work: Promise<void>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, timeout]);
  clearTimeout(timer);
};
