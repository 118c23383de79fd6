import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { http } from "./gen/google/api/annotations_pb.ts";
import type { HttpRule } from "./gen/google/api/http_pb.ts";

/**
 * Reads `(google.api.http)` of a method. The extension is looked up by its number, 72295728, in the options' unknown fields:
 * it does not matter which generated copy of google/api/annotations.proto the method's own file imports.
 */
const annotationOf = (method: DescMethod): HttpRule | undefined =>
  hasOption(method, http) ? getOption(method, http) : undefined;

export interface Binding {
  readonly httpMethod: string;
  readonly template: string;
  /** "" when the request has no body, "*" for the whole message, else a top-level field. */
  readonly body: string;
  /** "" for the whole response message, else a top-level field. */
  readonly responseBody: string;
}

const bindingOf = (rule: HttpRule): Binding | undefined => {
  const { pattern } = rule;
  if (pattern.case === undefined) return undefined;
  const [httpMethod, template] =
    pattern.case === "custom"
      ? [pattern.value.kind.toUpperCase(), pattern.value.path]
      : [pattern.case.toUpperCase(), pattern.value];
  return { httpMethod, template, body: rule.body, responseBody: rule.responseBody };
};

/** All bindings of a method, its first one first. An explicit rule (by selector) replaces the annotation, as in a service config. */
export const bindingsOf = (method: DescMethod, rules: ReadonlyMap<string, HttpRule>): Binding[] => {
  const rule = rules.get(`${method.parent.typeName}.${method.name}`) ?? annotationOf(method);
  if (rule === undefined) return [];
  return [rule, ...rule.additionalBindings].flatMap((one) => bindingOf(one) ?? []);
};
