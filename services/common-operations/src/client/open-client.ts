import type { DescService } from "@bufbuild/protobuf";
import type { ServiceTokenSource } from "@tandem/auth";
import { type ContextName, serviceCatalogue, serviceOf } from "@tandem/contracts";
import { DeadLetterService, JobService } from "@tandem/contracts/common";
import { createRpcClient, direct, type RpcClient, viaSidecar } from "@tandem/rpc";
import type { Logger, Metrics, Shutdown, Telemetry } from "@tandem/runtime";

/** Of the platform, what a client needs. */
interface Needs {
  readonly config: {
    readonly CONTEXT_URLS: ReadonlyMap<string, string>;
    readonly FAN_OUT_DEADLINE_MS: number;
    readonly DAPR_HTTP_PORT: number;
    readonly DAPR_API_TOKEN?: string | undefined;
  };
  readonly telemetry: Pick<Telemetry, "tracer">;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly shutdown: Pick<Shutdown, "on">;
  readonly serviceTokens: ServiceTokenSource | undefined;
}

/** A client of another context, as whoever calls, and as this service where nobody does: in tasks. */
export const openClient = <S extends DescService>(
  { config, telemetry, metrics, log, shutdown, serviceTokens }: Needs,
  service: S,
  context: ContextName,
  deadlineMs = 5_000,
): RpcClient<S> => {
  const url = config.CONTEXT_URLS.get(context);
  const client = createRpcClient(service, {
    target: url
      ? direct(url)
      : viaSidecar(`http://127.0.0.1:${config.DAPR_HTTP_PORT}`, serviceOf(context).apiAppId, config.DAPR_API_TOKEN),
    deadlineMs,
    telemetry,
    metrics,
    log,
    ...(serviceTokens ? { tokenSource: serviceTokens } : {}),
  });
  shutdown.on("close-resources", `${service.name} of ${context}`, async () => client[Symbol.asyncDispose]());
  return client;
};

export interface ContextClients {
  readonly deadLetters: RpcClient<typeof DeadLetterService>;
  readonly jobs: RpcClient<typeof JobService>;
}

/** The operations services of every context. */
export const openContexts = (platform: Needs): ReadonlyMap<string, ContextClients> =>
  new Map(
    serviceCatalogue.map(({ context }) => [
      context,
      {
        deadLetters: openClient(platform, DeadLetterService, context, platform.config.FAN_OUT_DEADLINE_MS),
        jobs: openClient(platform, JobService, context, platform.config.FAN_OUT_DEADLINE_MS),
      },
    ]),
  );
