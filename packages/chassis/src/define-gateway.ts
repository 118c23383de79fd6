import { gatewayEntry } from "@tandem/contracts";
import { type Binary, type Env, loadConfig } from "@tandem/runtime";
import type { z } from "zod";
import type { GatewayConfig } from "./config.ts";
import { type BinaryHost, createFoundation, type Foundation } from "./platform.ts";
import { runComposition } from "./run-composition.ts";

export interface GatewayDefinition<S extends z.ZodType<GatewayConfig>> {
  /** The chassis's `gatewayConfig`, extended. */
  readonly config: S;
  readonly compose: (foundation: Foundation<z.output<S>>) => GatewayServer | Promise<GatewayServer>;
}

export interface GatewayServer {
  start(): Promise<{ readonly httpUrl: string; readonly grpcUrl: string; readonly opsUrl: string }>;
  /** No new calls; resolves when those in flight are done. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/** The gateway's only binary: an API without database, consumers or jobs. */
export const defineGateway =
  <S extends z.ZodType<GatewayConfig>>({ config: schema, compose }: GatewayDefinition<S>) =>
  async (env: Env, host: BinaryHost = {}): Promise<Binary> => {
    const { apiAppId } = gatewayEntry;
    const foundation = createFoundation(apiAppId, loadConfig(schema, env), host);
    return runComposition(apiAppId, foundation, async () => {
      const { dapr, health, shutdown } = foundation;
      const server = await compose(foundation);
      shutdown.on("drain-rpc", "gateway", () => server.drain());
      shutdown.on("close-resources", "gateway", () => server.stop());
      const { httpUrl, grpcUrl, opsUrl } = await server.start();
      // After listening: daprd becomes ready only once it has found its app.
      health.addCheck("dapr", (signal) => dapr.waitUntilReady(signal));
      return { http: httpUrl, grpc: grpcUrl, ops: opsUrl };
    });
  };
