import type { DescService } from "@bufbuild/protobuf";
import { gatewayEntry, type ServiceEntry, serviceCatalogue, serviceOf } from "@tandem/contracts";
import { DeadLetterService, JobService, OutboxService } from "@tandem/contracts/common";
import type { TopologyCall, TopologyOperation } from "@tandem/dapr";
import { createRestRouter } from "@tandem/transcoding";

/** Operates all contexts: dead letters and jobs of each, on one page. */
const OPERATOR = "common-operations";
const operatedServices: readonly DescService[] = [DeadLetterService, JobService];
/** In every context, for operators who come through the door. */
const operationsServices: readonly DescService[] = [...operatedServices, OutboxService];
/** Between a service and auth itself, not through the door. */
const HIDDEN = [
  { path: "/tandem.auth.v1.AuthService/IssueServiceToken", methods: [] },
  { path: "/auth/token", methods: [] },
] as const satisfies readonly TopologyOperation[];

const connectOf = (services: readonly DescService[]): readonly TopologyOperation[] =>
  services.map(({ typeName }) => ({ path: `/${typeName}/**`, methods: ["POST"] }));

/** By the first segment: daprd takes a path for all below it, so that finer ones beside it would never be looked at. */
const restOf = (services: readonly DescService[]): readonly TopologyOperation[] => {
  const methodsBySegment = new Map<string, Set<string>>();
  for (const { httpMethod, pathTemplate } of createRestRouter(services).routes) {
    const segment = pathTemplate.split("/")[1] ?? "";
    const methods = methodsBySegment.get(segment) ?? new Set();
    methodsBySegment.set(segment, methods.add(httpMethod));
    if (httpMethod === "GET") methods.add("HEAD");
  }
  return [...methodsBySegment]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([segment, methods]) => ({ path: `/${segment}/**`, methods: [...methods].sort() }));
};

/** The door reaches everything of a context that has a place in its protos, and whether the context is ready. */
const throughTheDoor = ({ context, services }: ServiceEntry): readonly TopologyOperation[] => [
  ...(context === "auth" ? HIDDEN : []),
  // Connect asks for what has no side effects by GET as well.
  ...connectOf([...services, ...operationsServices]).map(({ path }) => ({ path, methods: ["GET", "POST"] })),
  ...restOf([...services, ...operationsServices]),
  { path: "/readyz", methods: ["GET"] },
];

/** Both binaries of a context may call what it depends on. */
const callsOf = (caller: ServiceEntry): readonly TopologyCall[] => {
  const operated = caller.context === OPERATOR ? serviceCatalogue : [];
  const callees = [...new Set([...caller.dependsOn.map(serviceOf), ...operated])];
  return callees.flatMap((callee) =>
    [caller.apiAppId, caller.workerAppId].map((appId) => ({
      caller: appId,
      callee: callee.apiAppId,
      operations: connectOf([
        ...(caller.dependsOn.includes(callee.context) ? callee.services : []),
        ...(operated.includes(callee) ? operatedServices : []),
      ]),
    })),
  );
};

/** Who may call which operations of whom, through the sidecars: the door all contexts, and contexts those that they depend on. */
export const readCalls = (): readonly TopologyCall[] => [
  ...serviceCatalogue.map((service) => ({
    caller: gatewayEntry.apiAppId,
    callee: service.apiAppId,
    operations: throughTheDoor(service),
  })),
  ...serviceCatalogue.flatMap(callsOf),
];
