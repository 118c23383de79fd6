import type { DescService } from "@bufbuild/protobuf";
import {
  type ConnectRouter,
  type ConnectRouterOptions,
  createConnectRouter,
  type Transport,
} from "@connectrpc/connect";
import { passByReference } from "./by-reference.ts";
import { createHandlerInvoker, type UniversalHandler } from "./invoke-handler.ts";
import { createTransportInvoker } from "./invoke-transport.ts";
import type { Invoker } from "./invoker.ts";

/**
 * What answers.
 * - `routes` and the options that your server gives its ConnectRouter: the fast way, as messages are passed by reference.
 * - `handlers`: those of a ConnectRouter you have (`createConnectRouter(...).handlers`), at one binary encoding each way.
 * - `services` and a `transport`: another server.
 */
export type TranscoderTarget =
  | { readonly routes: (router: ConnectRouter) => void; readonly routerOptions?: ConnectRouterOptions }
  | { readonly handlers: readonly UniversalHandler[] }
  | { readonly services: readonly DescService[]; readonly transport: Transport };

export interface BoundTarget {
  readonly services: readonly DescService[];
  readonly invoker: Invoker;
}

/** A router of our own, so that `passByReference` is sure to be its outermost interceptor. */
const ownHandlers = (
  routes: (router: ConnectRouter) => void,
  options: ConnectRouterOptions = {},
): UniversalHandler[] => {
  const interceptors = [passByReference, ...(options.interceptors ?? [])];
  const router = createConnectRouter({ ...options, interceptors, connect: true, grpc: false, grpcWeb: false });
  routes(router);
  return router.handlers;
};

export const bindTarget = (target: TranscoderTarget): BoundTarget => {
  if ("transport" in target) return { services: target.services, invoker: createTransportInvoker(target.transport) };
  const handlers = "routes" in target ? ownHandlers(target.routes, target.routerOptions) : target.handlers;
  const services = [...new Set(handlers.map((handler) => handler.service))];
  return { services, invoker: createHandlerInvoker(handlers) };
};
