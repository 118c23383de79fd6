import type { DescMethod, DescService, JsonValue } from "@bufbuild/protobuf";
import type { FileDescriptorSet } from "@bufbuild/protobuf/wkt";
import type { Route } from "../route.ts";
import { createRestRouter, type RouteOptions } from "../router.ts";
import { type Comments, createCommentReader } from "./comments.ts";
import { type JsonSchema, refTo } from "./json-schema.ts";
import { createSchemaCatalogue } from "./message-schema.ts";
import { describeOperation } from "./operation.ts";
import { describePath } from "./path-item.ts";

type OpenApiObject = { [key: string]: JsonValue };

export interface OpenApiDocumentOptions extends RouteOptions {
  readonly services: readonly DescService[];
  /** At least `title` and `version`; goes into the document as it is. */
  readonly info: { readonly title: string; readonly version: string } & OpenApiObject;
  /** Default none, which means the document's own host. */
  readonly servers?: readonly { readonly url: string; readonly description?: string }[];
  /** What the transcoder's hooks do to values, done to schemas. */
  readonly envelope?: {
    /** Default: the response's schema as it is. */
    readonly response?: (data: JsonSchema, route: Route) => JsonSchema;
    /** Default: as `response` when that is given, else `{"result": ...}`. */
    readonly streamItem?: (data: JsonSchema, route: Route) => JsonSchema;
    /** The schema of an error's body. Default: Google's form, AIP-193. */
    readonly error?: JsonSchema;
    /** Status of a success. Default 200. */
    readonly status?: (route: Route) => number;
  };
  readonly security?: {
    /** `components.securitySchemes`. */
    readonly schemes: Readonly<Record<string, OpenApiObject>>;
    /** What a method asks for: `[{ bearer: [] }]`; `[]` for public. */
    readonly of: (method: DescMethod) => readonly Readonly<Record<string, string[]>>[];
  };
  /** Error responses of a route by status. Default: one, `default`. */
  readonly errors?: (route: Route) => Readonly<Record<string, { readonly description: string }>>;
  /** Further parameters, such as headers that your interceptors read. Default none. */
  readonly parameters?: (route: Route) => readonly OpenApiObject[];
  /** Descriptors with source info (`buf build -o x.binpb`), for comments as descriptions: generated code has none. */
  readonly sources?: FileDescriptorSet;
  /** The same, collected before (`collectComments`); goes before `sources`. */
  readonly comments?: Comments;
  /** As the transcoder's. */
  readonly json?: { readonly useProtoFieldName?: boolean; readonly enumAsInteger?: boolean };
}

export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: OpenApiObject;
  readonly servers?: JsonValue;
  readonly tags: OpenApiObject[];
  readonly paths: Record<string, OpenApiObject>;
  readonly components: { readonly schemas: Record<string, JsonSchema>; readonly securitySchemes?: OpenApiObject };
}

/** OpenAPI has no other: routes of further methods (`custom`) are served, but not documented. */
const documented = new Set(["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"]);

const googleError: JsonSchema = {
  type: "object",
  properties: {
    error: {
      type: "object",
      properties: {
        code: { type: "integer", description: "The HTTP status." },
        status: { type: "string", description: 'The name of the RPC code: "NOT_FOUND".' },
        message: { type: "string" },
        details: {
          type: "array",
          items: {
            type: "object",
            properties: { "@type": { type: "string" } },
            required: ["@type"],
            additionalProperties: true,
          },
        },
      },
      required: ["code", "status", "message"],
    },
  },
  required: ["error"],
};

const asIs = (data: JsonSchema): JsonSchema => data;
const asResult = (data: JsonSchema): JsonSchema => ({
  type: "object",
  properties: { result: data },
  required: ["result"],
});

/** The short name where it is unique, else the full one. */
const tagNames = (services: readonly DescService[]): Map<DescService, string> => {
  const clash = (service: DescService) => services.some((other) => other !== service && other.name === service.name);
  return new Map(services.map((service) => [service, clash(service) ? service.typeName : service.name]));
};

/** The first sentence of the first paragraph in a list of calls, the rest below it. */
const summaryOf = (comment: string | undefined): OpenApiObject => {
  if (comment === undefined) return {};
  const [lead = "", ...rest] = comment.split(/\n\s*\n/);
  const line = lead.replaceAll(/\s+/g, " ").trim();
  const [summary = line] = /^.*?[.!?](?=\s+[A-Z`(]|$)/.exec(line) ?? [];
  const description = [line.slice(summary.length).trim(), ...rest].join("\n\n").trim();
  return { ...(summary !== "" && { summary }), ...(description !== "" && { description }) };
};

/**
 * The OpenAPI 3.1 document of the same routes that the transcoder serves.
 * @throws TranscodingConfigurationError as `createTranscoder` does
 */
export const createOpenApiDocument = (options: OpenApiDocumentOptions): OpenApiDocument => {
  const { services, info, servers, envelope = {}, security } = options;
  const commentOf = createCommentReader(options.sources, options.comments);
  const { useProtoFieldName = false, enumAsInteger = false } = options.json ?? {};
  const schemas = createSchemaCatalogue({ commentOf, useProtoFieldName, enumAsInteger });
  const wrap = envelope.response ?? asIs;
  const wrapItem = envelope.streamItem ?? envelope.response ?? asResult;
  const errorsOf = options.errors ?? (() => ({ default: { description: "An error." } }));
  const tags = tagNames(services);
  const errorName = "Error";
  schemas.components[errorName] = envelope.error ?? googleError;

  const paths: Record<string, OpenApiObject> = {};
  const shapes = new Map<string, { readonly key: string; readonly names: readonly string[] }>();
  for (const route of createRestRouter(services, options).routes) {
    if (!documented.has(route.httpMethod)) continue;
    const path = describePath(route);
    const own = path.parameters.map(({ name }) => name);
    const shape = shapes.get(path.shape) ?? { key: path.render(own), names: own };
    shapes.set(path.shape, shape);
    const { method } = route;
    const tag = tags.get(method.parent) ?? method.parent.name;
    const named = path.parameters.map((parameter, index) => ({
      parameter,
      name: shape.names[index] ?? parameter.name,
    }));
    const status = envelope.status?.(route) ?? 200;
    const operation = describeOperation(schemas, route, named, { status, wrap, wrapItem });
    const errors = Object.entries(errorsOf(route)).map(([code, { description }]) => [
      code,
      { description, content: { "application/json": { schema: refTo(errorName) } } },
    ]);
    const parameters = [
      ...((operation["parameters"] as JsonValue[] | undefined) ?? []),
      ...(options.parameters?.(route) ?? []),
    ];
    const item = paths[shape.key] ?? {};
    item[route.httpMethod.toLowerCase()] = {
      operationId: `${tag}_${method.name}${route.bindingIndex === 0 ? "" : `_${route.bindingIndex + 1}`}`,
      tags: [tag],
      ...summaryOf(commentOf(method)),
      ...operation,
      ...(parameters.length > 0 && { parameters }),
      responses: { ...(operation["responses"] as OpenApiObject), ...Object.fromEntries(errors) },
      ...(security && { security: security.of(method).map((one) => ({ ...one })) }),
    };
    paths[shape.key] = item;
  }

  return {
    openapi: "3.1.0",
    info: { ...info },
    ...(servers && { servers: servers.map((server) => ({ ...server })) }),
    tags: services.map((service) => {
      const description = commentOf(service);
      return { name: tags.get(service) ?? service.name, ...(description !== undefined && { description }) };
    }),
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas.components).sort(([a], [b]) => (a < b ? -1 : 1))),
      ...(security && { securitySchemes: { ...security.schemes } }),
    },
  };
};
