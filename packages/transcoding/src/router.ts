import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { bindingsOf } from "./annotation.ts";
import { TranscodingConfigurationError } from "./configuration-error.ts";
import type { HttpRule } from "./gen/google/api/http_pb.ts";
import { compileRoute, type Route } from "./route.ts";
import { createRouteTrie } from "./route-trie.ts";

export interface RouteOptions {
  /** Put in front of every template: "/api". Default "". */
  readonly basePath?: string;
  /** Rules by `selector` ("pkg.Service.Method"); each replaces that method's annotation. Default none. */
  readonly rules?: readonly HttpRule[];
  /** Which methods to expose. Default: all that have a rule. */
  readonly include?: (method: DescMethod) => boolean;
}

export type Match =
  | { readonly kind: "route"; readonly route: Route; readonly captures: readonly string[] }
  | { readonly kind: "method_not_allowed"; readonly allow: readonly string[] }
  | { readonly kind: "not_found" };

export interface RestRouter {
  readonly routes: readonly Route[];
  /** @param path the raw path, without query, still percent-encoded. `captures` are the raw texts of `route.variables`. */
  match(httpMethod: string, path: string): Match;
}

const nameOf = (method: DescMethod) => `${method.parent.typeName}.${method.name}`;

/** All routes of the services, compiled and checked. @throws TranscodingConfigurationError */
export const compileRoutes = (services: readonly DescService[], options: RouteOptions): Route[] => {
  const { basePath = "", include = () => true } = options;
  if (basePath !== "" && !/^(\/[^/{}*:?#]+)+$/.test(basePath)) {
    throw new TranscodingConfigurationError(`basePath "${basePath}" must look like "/api"`);
  }
  const rules = new Map(options.rules?.map((rule) => [rule.selector, rule]));
  const methods = services.flatMap((service) => service.methods);
  const known = new Set(methods.map(nameOf));
  for (const selector of rules.keys()) {
    if (!known.has(selector)) throw new TranscodingConfigurationError(`rule for "${selector}": no such method`);
  }
  return methods
    .filter(include)
    .flatMap((method) =>
      bindingsOf(method, rules).map((binding, index) => compileRoute(method, binding, index, basePath)),
    );
};

/**
 * Compiles the routes of `services` and builds the matcher.
 * @throws TranscodingConfigurationError on a broken annotation, or on two bindings for the same HTTP method and path shape
 */
export const createRestRouter = (services: readonly DescService[], options: RouteOptions = {}): RestRouter => {
  const routes = compileRoutes(services, options);
  const trie = createRouteTrie<Route>();
  for (const route of routes) {
    const taken = trie.insert(route.httpMethod, route.template, route);
    if (taken !== undefined) {
      throw new TranscodingConfigurationError(
        `two methods want ${route.httpMethod} ${route.pathTemplate}: ${nameOf(taken.method)} ("${taken.pathTemplate}") and ${nameOf(route.method)}`,
      );
    }
  }

  const match = (httpMethod: string, path: string): Match => {
    const found = trie.find(httpMethod, path) ?? (httpMethod === "HEAD" ? trie.find("GET", path) : undefined);
    if (found === undefined) {
      const methods = trie.methodsAt(path);
      if (methods.length === 0) return { kind: "not_found" };
      const implied = methods.includes("GET") ? ["HEAD", "OPTIONS"] : ["OPTIONS"];
      return { kind: "method_not_allowed", allow: [...new Set([...methods, ...implied])].sort() };
    }
    const { route, starts, ends } = found;
    const captures = route.variables.map(({ start, end }) => path.slice(starts[start], ends[end - 1]));
    return { kind: "route", route, captures };
  };
  return { routes, match };
};
