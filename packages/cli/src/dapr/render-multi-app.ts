import { gatewayEntry, localPorts, type ServiceEntry } from "@tandem/contracts";
import { stringify } from "yaml";
import type { BinaryPlan, ContextPlan } from "../platform-plan.ts";

export interface MultiAppOptions {
  readonly contexts: readonly ContextPlan[];
  readonly gateway: BinaryPlan;
  readonly offset: number;
  /** Where the commands run. */
  readonly root: string;
  readonly node: string;
  readonly resourcesDir: string;
  readonly configFile: string;
}

/** The file of `dapr run -f`: every binary with a sidecar of its own, on the ports of the service catalogue. Pure. */
export const renderMultiApp = (options: MultiAppOptions): string => {
  const { contexts, gateway, offset, root, node, resourcesDir, configFile } = options;
  const app = (plan: BinaryPlan, service: Pick<ServiceEntry, "number">) => {
    const { api, worker } = localPorts(service, offset);
    const { sidecar } = plan.kind === "api" ? api : worker;
    return {
      appID: plan.appId,
      appDirPath: root,
      command: [node, `services/${plan.context}/src/${plan.kind}.ts`],
      appPort: plan.kind === "api" ? api.http : worker.app,
      appProtocol: plan.kind === "api" ? "http" : "grpc",
      daprHTTPPort: sidecar.http,
      daprGRPCPort: sidecar.grpc,
      daprInternalGRPCPort: sidecar.internalGrpc,
      metricsPort: sidecar.metrics,
      // Without it a worker that is down loses what the broker delivers meanwhile. The probe is patient with a busy event loop.
      enableAppHealthCheck: true,
      ...(plan.kind === "api" ? { appHealthCheckPath: "/livez" } : {}),
      appHealthProbeInterval: 1,
      appHealthProbeTimeout: 900,
      appHealthThreshold: 3,
      appLogDestination: "file",
      daprdLogDestination: "file",
      env: plan.env,
    };
  };
  return stringify(
    {
      version: 1,
      common: {
        resourcesPaths: [resourcesDir],
        configFilePath: configFile,
        // Nothing here uses actors or the scheduler.
        placementHostAddress: "",
        schedulerHostAddress: "",
      },
      apps: [
        ...contexts.flatMap(({ service, api, worker }) => [app(api, service), app(worker, service)]),
        app(gateway, gatewayEntry),
      ],
    },
    { lineWidth: 0 },
  );
};
