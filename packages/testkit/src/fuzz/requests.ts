import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { createRestRouter, type Route } from "@tandem/transcoding";
import fc from "fast-check";
import { hostileBodies, hostileTexts, nearlyValid } from "./hostile.ts";
import { type Json, type KnownIds, validJson } from "./valid-json.ts";

export interface FuzzRequest {
  readonly method: DescMethod;
  readonly httpMethod: string;
  readonly path: string;
  readonly body: string | Uint8Array | undefined;
}

type Shape = { readonly [key: string]: Json };

/** Requests to every door of every method, made from its schema: as declared, nearly so, and nothing like it. */
export const requestsOf = (services: readonly DescService[], ids: KnownIds): readonly fc.Arbitrary<FuzzRequest>[] => {
  const { routes } = createRestRouter(services);
  const unary = services.flatMap(({ methods }) => methods).filter(({ methodKind }) => methodKind === "unary");
  return unary.flatMap((method) => [
    rpcRequest(method, ids),
    ...routes.filter((route) => route.method === method).map((route) => restRequest(route, ids)),
  ]);
};

const messages = (method: DescMethod, ids: KnownIds): fc.Arbitrary<Json> => {
  const valid = validJson(method.input, ids);
  return fc.oneof(valid, nearlyValid(valid));
};

const rpcRequest = (method: DescMethod, ids: KnownIds): fc.Arbitrary<FuzzRequest> => {
  const path = `/${method.parent.typeName}/${method.name}`;
  const body = fc.oneof(
    { weight: 8, arbitrary: messages(method, ids).map((json) => JSON.stringify(json)) },
    { weight: 1, arbitrary: fc.constantFrom(...hostileBodies) },
  );
  return body.map((given) => ({ method, httpMethod: "POST", path, body: given }));
};

const restRequest = (route: Route, ids: KnownIds): fc.Arbitrary<FuzzRequest> => {
  const { method, httpMethod } = route;
  const message = messages(method, ids).map((json) => (isShape(json) ? json : {}));
  const hostileVariable = fc.option(fc.constantFrom(...hostileTexts), { nil: undefined, freq: 5 });
  const hostileBody = fc.option(fc.constantFrom(...hostileBodies), { nil: undefined, freq: 8 });
  return fc.tuple(message, hostileVariable, hostileBody).map(([shape, text, raw]) => {
    const path = pathOf(route, shape, text);
    const [first] = route.variables[0]?.path ?? [];
    const { [first?.jsonName ?? ""]: _, ...rest } = shape;
    if (route.body.kind === "none") return { method, httpMethod, path: `${path}${queryOf(rest)}`, body: undefined };
    const held = route.body.kind === "message" ? rest : (rest[route.body.field.jsonName] ?? {});
    return { method, httpMethod, path, body: raw ?? JSON.stringify(held) };
  });
};

const isShape = (json: Json): json is Shape => typeof json === "object" && json !== null && !Array.isArray(json);

const pathOf = (route: Route, shape: Shape, hostile: string | undefined): string => {
  const parts: string[] = [];
  const { segments, verb } = route.template;
  for (let at = 0; at < segments.length; at += 1) {
    const variable = route.variables.find(({ start }) => start === at);
    const segment = segments[at];
    if (variable) {
      const value = variable.path.reduce<Json>(
        (held, { jsonName }) => (isShape(held) ? (held[jsonName] ?? "") : ""),
        shape as Json,
      );
      parts.push(encodeURIComponent(wellFormed(hostile ?? (typeof value === "object" ? "" : String(value)))));
      at = variable.end - 1;
    } else parts.push(segment?.kind === "literal" ? segment.text : "x");
  }
  return `/${parts.join("/")}${verb === "" ? "" : `:${verb}`}`;
};

const queryOf = (shape: Shape): string => {
  const pairs: string[] = [];
  const add = (prefix: string, value: Json): void => {
    if (Array.isArray(value)) for (const one of value) add(prefix, one);
    else if (isShape(value)) for (const [key, one] of Object.entries(value)) add(`${prefix}.${key}`, one);
    else pairs.push(`${encodeURIComponent(wellFormed(prefix))}=${encodeURIComponent(wellFormed(String(value)))}`);
  };
  for (const [key, value] of Object.entries(shape)) add(key, value);
  // Longer than any server takes: the answer to that has tests of its own.
  return pairs.length === 0 ? "" : `?${pairs.join("&").slice(0, 6_000)}`.replace(/%.?$/, "");
};

const wellFormed = (text: string): string => text.toWellFormed();
