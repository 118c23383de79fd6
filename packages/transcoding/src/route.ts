import type { DescField, DescMethod } from "@bufbuild/protobuf";
import type { Binding } from "./annotation.ts";
import { configurationError } from "./configuration-error.ts";
import { resolveFieldPath } from "./field-path.ts";
import { parameterParser } from "./parameter.ts";
import { parseTemplate, type Template, TemplateSyntaxError } from "./template.ts";

export interface PathVariable {
  /** As written in the template: `order.id`. */
  readonly name: string;
  readonly path: readonly DescField[];
  readonly start: number;
  readonly end: number;
  readonly multi: boolean;
}

/** What of the request message travels in the HTTP body. */
export type BodyPlace =
  | { readonly kind: "none" }
  | { readonly kind: "message" }
  | { readonly kind: "field"; readonly field: DescField };

/** One HTTP method and path template, bound to one RPC. A method with additional bindings has several. */
export interface Route {
  readonly method: DescMethod;
  /** "GET", "POST", ... or "*" for any. */
  readonly httpMethod: string;
  /** As declared, with the base path in front. */
  readonly pathTemplate: string;
  readonly template: Template;
  readonly variables: readonly PathVariable[];
  readonly body: BodyPlace;
  /** The field of the response message that is the response body; undefined for the whole message. */
  readonly responseField: DescField | undefined;
  /** 0 for the annotation's first binding, 1 for the first additional one, ... */
  readonly bindingIndex: number;
}

const topLevelField = (name: string, fields: readonly DescField[]): DescField | undefined =>
  fields.find((field) => field.name === name) ?? fields.find((field) => field.jsonName === name);

/**
 * Compiles a binding and checks it against the descriptors.
 * @throws TranscodingConfigurationError
 */
export const compileRoute = (method: DescMethod, binding: Binding, bindingIndex: number, basePath: string): Route => {
  const pathTemplate = `${basePath}${binding.template}`;
  const fail = (problem: string): never => {
    throw configurationError(method, `${binding.httpMethod} ${pathTemplate}`, problem);
  };
  if (method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming") {
    fail("REST cannot express a stream of requests; leave the annotation out, or exclude the method with `include`");
  }
  if (!/^(\*|[A-Z][A-Z0-9-]*)$/.test(binding.httpMethod)) fail(`"${binding.httpMethod}" is no HTTP method`);

  let template: Template;
  try {
    template = parseTemplate(pathTemplate);
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error;
    return fail(error.message);
  }

  const variables = template.variables.map((variable): PathVariable => {
    const path = resolveFieldPath(method.input, variable.fieldPath);
    const last = path?.at(-1);
    if (path === undefined || last === undefined) {
      return fail(`${method.input.typeName} has no field "${variable.fieldPath}"`);
    }
    if (last.fieldKind === "list" || last.fieldKind === "map" || parameterParser(last) === undefined) {
      return fail(`field "${variable.fieldPath}" is no single value, so it cannot stand in a path`);
    }
    return { name: variable.fieldPath, path, start: variable.start, end: variable.end, multi: variable.multi };
  });

  const bodyPlace = (): BodyPlace => {
    if (binding.body === "") return { kind: "none" };
    if (binding.httpMethod === "GET" || binding.httpMethod === "HEAD") {
      return fail(`${binding.httpMethod} has no body, but the rule says body: "${binding.body}"`);
    }
    if (binding.body === "*") return { kind: "message" };
    const field = topLevelField(binding.body, method.input.fields);
    if (field === undefined) return fail(`body: ${method.input.typeName} has no field "${binding.body}"`);
    if (variables.some((variable) => variable.path.length === 1 && variable.path[0] === field)) {
      return fail(`field "${binding.body}" is bound both to the path and to the body`);
    }
    return { kind: "field", field };
  };

  const responseField = topLevelField(binding.responseBody, method.output.fields);
  if (binding.responseBody !== "" && responseField === undefined) {
    fail(`response_body: ${method.output.typeName} has no field "${binding.responseBody}"`);
  }
  return {
    method,
    httpMethod: binding.httpMethod,
    pathTemplate,
    template,
    variables,
    body: bodyPlace(),
    responseField: binding.responseBody === "" ? undefined : responseField,
    bindingIndex,
  };
};
