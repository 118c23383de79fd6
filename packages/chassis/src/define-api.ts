import { createAuthenticator } from "@tandem/auth";
import { serviceOf } from "@tandem/contracts";
import { createPostgresIdempotencyStore, createRpcServer, type RpcLimits, type ServiceRegistration } from "@tandem/rpc";
import { type Binary, type Env, loadConfig } from "@tandem/runtime";
import type { z } from "zod";
import type { ApiConfig } from "./config.ts";
import { operationsServices } from "./operations/operations-services.ts";
import { type BinaryHost, createPlatform, type Platform } from "./platform.ts";
import { runComposition } from "./run-composition.ts";

export interface ApiDefinition<S extends z.ZodType<ApiConfig>> {
  readonly context: string;
  /** The chassis's `apiConfig`, extended. */
  readonly config: S;
  readonly compose: (platform: Platform<z.output<S>>) => ApiParts | Promise<ApiParts>;
}

export interface ApiParts {
  readonly services: readonly ServiceRegistration[];
  /** Run from the start of the server to its drain. Default none: what does work belongs into the worker. */
  readonly followers?: readonly ApiFollower[];
}

/** Keeps what an API holds in memory in step with what other processes of its context commit. Has no effects, so it may be away. */
export interface ApiFollower {
  readonly name: string;
  /** Returns at once and tries for as long as it takes. */
  start(): void;
  stop(): Promise<void>;
}

/** The API binary of a context: REST, Connect, gRPC-Web and gRPC over its handlers, and the operations services over its tables. */
export const defineApi =
  <S extends z.ZodType<ApiConfig>>({ context, config: schema, compose }: ApiDefinition<S>) =>
  async (env: Env, host: BinaryHost = {}): Promise<Binary> => {
    const service = serviceOf(context);
    const config = loadConfig(schema, env);
    const platform = createPlatform(service, service.apiAppId, config, host);
    return runComposition(service.apiAppId, platform, async () => {
      const { database, clock, dapr, health, metrics, telemetry, log, shutdown } = platform;
      const parts = await compose(platform);
      const server = createRpcServer({
        name: service.apiAppId,
        httpPort: config.HTTP_PORT,
        grpcPort: config.GRPC_PORT,
        services: [...parts.services, ...operationsServices({ context, database, outbox: platform.outbox, clock })],
        authenticator: createAuthenticator({
          issuer: config.AUTH_ISSUER,
          audience: config.AUTH_AUDIENCE,
          jwksUrl: config.AUTH_JWKS_URL,
        }),
        limits: limitsOf(config),
        idempotency: createPostgresIdempotencyStore(database, { log }),
        health,
        metrics,
        telemetry,
        log,
      });
      shutdown.on("drain-rpc", "rpc", () => server.drain());
      shutdown.on("close-resources", "rpc", () => server.stop());
      const { httpUrl, grpcUrl } = await server.start();
      for (const follower of parts.followers ?? []) {
        shutdown.on("stop-workers", follower.name, () => follower.stop());
        follower.start();
      }
      // After listening: daprd becomes ready only once it has found its app.
      health.addCheck("dapr", (signal) => dapr.waitUntilReady(signal));
      return { http: httpUrl, grpc: grpcUrl };
    });
  };

const limitsOf = (config: ApiConfig): RpcLimits => {
  const rate = (perSecond: number) => ({ perSecond, burst: 2 * perSecond });
  return {
    trustedProxies: config.TRUSTED_PROXIES,
    trustedDoors: config.TRUSTED_DOORS,
    rates: {
      read: rate(config.RATE_READ_PER_SECOND),
      write: rate(config.RATE_WRITE_PER_SECOND),
      anonymous: rate(config.RATE_ANONYMOUS_PER_SECOND),
    },
  };
};
