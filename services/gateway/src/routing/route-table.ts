import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { accessOf, type ContextName, contextOf, isSameForAll, type ServiceEntry } from "@tandem/contracts";
import { DeadLetterService, JobService, OutboxService } from "@tandem/contracts/common";
import { createRestRouter, type RestRouter, TranscodingConfigurationError } from "@tandem/transcoding";

export type RateClass = "read" | "write" | "auth" | "other";

/** A request that some context answers. */
export interface CallRoute {
  readonly kind: "call";
  readonly context: ContextName;
  readonly method: DescMethod;
  /** For logs and metrics, without ids: `GET /orders/{order_id}`, `tandem.order.v1.OrderService/GetOrder`. */
  readonly label: string;
  /** What the context is asked for. */
  readonly path: string;
  readonly rateClass: RateClass;
  /** May be sent again when nobody knows whether the first one arrived. */
  readonly repeatable: boolean;
  /** Answers in parts, for as long as it takes. */
  readonly streaming: boolean;
  /** One answer serves all who ask the same without a token. */
  readonly sameForAll: boolean;
}

export type Resolved =
  | CallRoute
  | { readonly kind: "method_not_allowed"; readonly allow: readonly string[] }
  | { readonly kind: "not_found" }
  | { readonly kind: "procedure_not_found" }
  | { readonly kind: "unknown_context"; readonly name: string };

export interface RouteTable {
  /** @param path still encoded; see {@link readTarget} */
  resolve(httpMethod: string, path: string): Resolved;
}

/** In every context: which one is meant stands in front, `/ops/{context}/jobs`. */
export const operationsServices: readonly DescService[] = [DeadLetterService, JobService, OutboxService];

/** Between services only: from outside nobody needs it, and everybody could guess at secrets. */
const hidden: ReadonlySet<string> = new Set([
  "tandem.auth.v1.AuthService/IssueServiceToken",
  "tandem.auth.v1.AuthService/IssueVerificationToken",
]);
export const isShown = (method: DescMethod): boolean => !hidden.has(`${method.parent.typeName}/${method.name}`);

const RPC_PATH = /^\/([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)\/([A-Za-z_]\w*)$/;
const OPS_PATH = /^\/ops\/([^/]+)(\/.*)$/;
/** Where the contexts have their operations services. */
const OPS_PREFIX = "/ops/v1";

/** @param onConflict told of a service left out, because its routes are broken or taken */
export const createRouteTable = (
  contexts: readonly ServiceEntry[],
  onConflict: (service: DescService, error: Error) => void,
): RouteTable => {
  const listed = contexts.flatMap(({ context, services }) => services.map((service) => ({ context, service })));
  const contextByService = new Map(listed.map(({ context, service }) => [service.typeName, { context, service }]));
  const rest = routerOf(
    listed.map(({ service }) => service),
    onConflict,
  );
  const operations = createRestRouter(operationsServices);
  const operationsByName = new Map(operationsServices.map((service) => [service.typeName, service]));
  const names = new Map<string, ContextName>(contexts.map(({ context }) => [context, context]));

  const rpc = (
    httpMethod: string,
    path: string,
    find: (service: string) => { readonly context: ContextName; readonly service: DescService } | undefined,
  ): Resolved | undefined => {
    const [, typeName = "", name = ""] = RPC_PATH.exec(path) ?? [];
    if (typeName === "") return undefined;
    const found = find(typeName);
    const method = found?.service.methods.find((one) => one.name === name && isShown(one));
    if (found === undefined || method === undefined) return { kind: "procedure_not_found" };
    const allow = method.idempotency === Level.NO_SIDE_EFFECTS ? ["GET", "POST"] : ["POST"];
    if (!allow.includes(httpMethod)) return { kind: "method_not_allowed", allow: [...allow, "OPTIONS"] };
    return toCall(found.context, method, `${typeName}/${name}`, path);
  };

  const matchRest = (router: RestRouter, httpMethod: string, path: string) => {
    const found = router.match(httpMethod, path);
    return found.kind === "route" ? found.route : found;
  };

  const resolveOperation = (httpMethod: string, name: string, below: string): Resolved => {
    const context = names.get(name);
    if (context === undefined) return { kind: "unknown_context", name };
    const call = rpc(httpMethod, below, (typeName) => {
      const service = operationsByName.get(typeName);
      return service && { context, service };
    });
    if (call !== undefined) return call;
    const path = `${OPS_PREFIX}${below}`;
    const found = matchRest(operations, httpMethod, path);
    if ("kind" in found) return found;
    const template = found.pathTemplate.slice(OPS_PREFIX.length);
    return toCall(context, found.method, `${found.httpMethod} /ops/{context}${template}`, path);
  };

  return {
    resolve: (httpMethod, path) => {
      const procedure = rpc(httpMethod, path, (typeName) => contextByService.get(typeName));
      if (procedure !== undefined) return procedure;
      const found = matchRest(rest, httpMethod, path);
      if (!("kind" in found)) {
        const context = contextByService.get(found.method.parent.typeName)?.context;
        if (context !== undefined)
          return toCall(context, found.method, `${found.httpMethod} ${found.pathTemplate}`, path);
      }
      const [, name = "", below = ""] = OPS_PATH.exec(path) ?? [];
      if (name !== "") return resolveOperation(httpMethod, name, below);
      return "kind" in found ? found : { kind: "not_found" };
    },
  };
};

type MethodFacts = Pick<CallRoute, "rateClass" | "repeatable" | "streaming" | "sameForAll">;

/** Options are parsed each time somebody asks for them; these are asked for with every request. */
const factsByMethod = new WeakMap<DescMethod, MethodFacts>();

const factsOf = (method: DescMethod): MethodFacts => {
  const known = factsByMethod.get(method);
  if (known !== undefined) return known;
  const reads = method.idempotency === Level.NO_SIDE_EFFECTS;
  const facts: MethodFacts = {
    rateClass: rateClassOf(method, reads),
    repeatable: reads || method.idempotency === Level.IDEMPOTENT,
    streaming: method.methodKind !== "unary",
    sameForAll: isSameForAll(method),
  };
  factsByMethod.set(method, facts);
  return facts;
};

const toCall = (context: ContextName, method: DescMethod, label: string, path: string): CallRoute => ({
  kind: "call",
  context,
  method,
  label,
  path,
  ...factsOf(method),
});

/** What anybody may ask the auth context to do with a name and a password. */
const rateClassOf = (method: DescMethod, reads: boolean): RateClass => {
  if (reads) return "read";
  return contextOf(method.parent.file) === "auth" && accessOf(method)?.kind === "public" ? "auth" : "write";
};

/** One broken context must not keep the door shut: its service is left out, and somebody is told. */
const routerOf = (
  services: readonly DescService[],
  onConflict: (service: DescService, error: Error) => void,
): RestRouter => {
  try {
    return createRestRouter(services, { include: isShown });
  } catch (error) {
    if (!(error instanceof TranscodingConfigurationError)) throw error;
  }
  const kept: DescService[] = [];
  for (const service of services) {
    try {
      createRestRouter([...kept, service], { include: isShown });
      kept.push(service);
    } catch (error) {
      onConflict(service, error as Error);
    }
  }
  return createRestRouter(kept, { include: isShown });
};
