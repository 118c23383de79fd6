import { accessControlOf } from "./access-control.ts";
import { joinDocuments, renderDocument } from "./component-document.ts";
import type { ComponentEnvironment } from "./component-environment.ts";
import { sidecarApisOf } from "./sidecar-apis.ts";
import type { Topology } from "./topology.ts";

const CONFIGURATION_COMMENT = `Never in the folder of the components: daprd would take it for a change, reload itself and not come back.`;

/**
 * A daprd that has not written its name within `timeout` of its start (default: a second) runs on without one, and nobody ever reaches its app; where 25 start at
 * once that happens. An address is a port of the plan: whoever comes back takes its row over, so that a long `updateInterval` shows no ghosts.
 */
const PATIENT = { updateInterval: "60s", timeout: "20s", busyTimeout: "20s" } as const;

/** The configuration of sidecars without a cluster: daprd's `--config`. */
export const renderConfiguration = (environment: ComponentEnvironment): string => {
  const { namesFile } = environment;
  return joinDocuments([
    renderDocument(
      {
        apiVersion: "dapr.io/v1alpha1",
        kind: "Configuration",
        metadata: { name: "tandem" },
        spec: {
          ...observedBy(environment),
          ...(namesFile === undefined
            ? {}
            : {
                nameResolution: {
                  component: "sqlite",
                  version: "v1",
                  configuration: { connectionString: namesFile, ...PATIENT },
                },
              }),
        },
      },
      CONFIGURATION_COMMENT,
    ),
  ]);
};

/** What the sidecar of one app may do for it, and who may call the app; for the annotation `dapr.io/config: <app id>`. */
export const renderAppConfiguration = (topology: Topology, environment: ComponentEnvironment, appId: string): string =>
  renderDocument({
    apiVersion: "dapr.io/v1alpha1",
    kind: "Configuration",
    metadata: { name: appId, namespace: environment.namespace },
    spec: {
      ...observedBy(environment),
      // The sidecar has no token for Kubernetes and no secret store; should somebody give it one, it still tells the app nothing.
      secrets: { scopes: [{ storeName: "kubernetes", defaultAccess: "deny" }] },
      api: { allowed: sidecarApisOf(topology, appId) },
      accessControl: accessControlOf(topology, environment.namespace, appId),
    },
  });

const observedBy = ({ samplingRate = 0, otlpAddress }: ComponentEnvironment) => ({
  tracing: {
    samplingRate: String(samplingRate),
    ...(otlpAddress === undefined ? {} : { otel: { endpointAddress: otlpAddress, isSecure: false, protocol: "http" } }),
  },
  metrics: { enabled: true, http: { increasedCardinality: false } },
});
