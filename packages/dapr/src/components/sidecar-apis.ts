import type { Topology } from "./topology.ts";

/** An API of daprd, as its list of allowed ones names it. A protocol without any entry is open, so each gets one. */
export interface SidecarApi {
  readonly name: string;
  readonly version: string;
  readonly protocol: "http" | "grpc";
}

const both = (name: string, version: string): readonly SidecarApi[] => [
  { name, version, protocol: "http" },
  { name, version, protocol: "grpc" },
];

/** What the app asks of its own sidecar; health is always answered. */
export const sidecarApisOf = (topology: Topology, appId: string): readonly SidecarApi[] => {
  const { apps, outbox, gateway, calls = [] } = topology;
  const isWorker = apps.some((app) => app.appId === appId && app.deadLetterTopic !== undefined);
  const keepsState = appId === outbox.appId || appId === `${outbox.appId}-worker` || appId === gateway?.appId;
  return [
    ...both("metadata", "v1"),
    ...(isWorker ? both("publish", "v1") : []),
    ...(isWorker ? [...both("lock", "v1alpha1"), ...both("unlock", "v1alpha1")] : []),
    ...(keepsState ? both("state", "v1") : []),
    // Calls go to the sidecar's HTTP port, and on to the other one over gRPC, which this list is not about.
    ...(calls.some(({ caller }) => caller === appId)
      ? ([{ name: "invoke", version: "v1", protocol: "http" }] as const)
      : []),
  ];
};
