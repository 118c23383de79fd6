import type { DescField, JsonValue } from "@bufbuild/protobuf";
import { httpBodyName } from "../http-body.ts";
import { parameterParser } from "../parameter.ts";
import type { Route } from "../route.ts";
import type { JsonSchema } from "./json-schema.ts";
import { paragraphs } from "./json-schema.ts";
import type { SchemaCatalogue } from "./message-schema.ts";
import type { PathParameter } from "./path-item.ts";

type OpenApiObject = { [key: string]: JsonValue };

const pathParameter = (schemas: SchemaCatalogue, parameter: PathParameter, name: string): OpenApiObject => {
  const { variable, whole, rest } = parameter;
  const field = variable?.path.at(-1);
  const part = variable !== undefined && !whole ? `One segment of the field \`${variable.name}\`.` : undefined;
  const schema = field !== undefined && whole ? schemas.field(field) : { type: "string" };
  const { description, ...plain } = schema as JsonSchema & { description?: string };
  const text = paragraphs(description, part, rest ? "May hold slashes." : undefined);
  return { name, in: "path", required: true, ...(text !== undefined && { description: text }), schema: plain };
};

/** The fields that the query can set: single values and lists of them, those of sub-messages by dotted path, each message type once a path. */
const queryParameters = (schemas: SchemaCatalogue, route: Route): OpenApiObject[] => {
  if (route.body.kind === "message") return [];
  const inBody = route.body.kind === "field" ? route.body.field : undefined;
  const inPath = (path: readonly DescField[]) =>
    route.variables.some(
      (variable) => variable.path.length === path.length && variable.path.every((step, index) => step === path[index]),
    );
  const found: OpenApiObject[] = [];
  const visit = (fields: readonly DescField[], before: readonly DescField[], types: ReadonlySet<string>): void => {
    for (const field of fields) {
      const path = [...before, field];
      if (field === inBody || inPath(path)) continue;
      if (parameterParser(field) !== undefined) {
        const { description, deprecated, ...schema } = schemas.field(field);
        found.push({
          name: path.map(schemas.nameOf).join("."),
          in: "query",
          ...(description !== undefined && { description }),
          ...(before.length === 0 && schemas.isRequired(field) && { required: true }),
          ...(deprecated !== undefined && { deprecated }),
          schema,
        });
      } else if (
        field.fieldKind === "message" &&
        !types.has(field.message.typeName) &&
        !field.message.typeName.startsWith("google.protobuf.")
      ) {
        visit(field.message.fields, path, new Set([...types, field.message.typeName]));
      }
    }
  };
  visit(route.method.input.fields, [], new Set([route.method.input.typeName]));
  return found;
};

const requestBody = (schemas: SchemaCatalogue, route: Route): OpenApiObject | undefined => {
  if (route.body.kind === "none") return undefined;
  if (route.body.kind === "message") {
    const { input } = route.method;
    if (input.typeName === httpBodyName) return { content: { "*/*": {} } };
    const inPath = new Set(route.variables.flatMap(({ path }) => (path.length === 1 ? path : [])));
    const schema = inPath.size === 0 ? schemas.message(input) : schemas.messageWithout(input, inPath);
    const required = input.fields.some((field) => !inPath.has(field) && schemas.isRequired(field));
    return { ...(required && { required: true }), content: { "application/json": { schema } } };
  }
  const { field } = route.body;
  if (field.message?.typeName === httpBodyName && field.fieldKind === "message") return { content: { "*/*": {} } };
  const { description, ...schema } = schemas.field(field);
  return {
    ...(description !== undefined && { description }),
    ...(schemas.isRequired(field) && { required: true }),
    content: { "application/json": { schema } },
  };
};

export interface ResponseShape {
  readonly status: number;
  /** Wraps the schema of the response (or of one message of a stream) as the transcoder's hooks wrap the value. */
  readonly wrap: (data: JsonSchema, route: Route) => JsonSchema;
  readonly wrapItem: (data: JsonSchema, route: Route) => JsonSchema;
}

const response = (schemas: SchemaCatalogue, route: Route, shape: ResponseShape): OpenApiObject => {
  const { method, responseField } = route;
  const type =
    responseField === undefined
      ? method.output
      : responseField.fieldKind === "message"
        ? responseField.message
        : undefined;
  if (type?.typeName === httpBodyName) return { description: "The content.", content: { "*/*": {} } };
  const data = responseField === undefined ? schemas.message(method.output) : schemas.field(responseField);
  if (method.methodKind === "unary") {
    return { description: "Success.", content: { "application/json": { schema: shape.wrap(data, route) } } };
  }
  const schema = shape.wrapItem(data, route);
  return {
    description: "A stream: one JSON text a line, or one event each. It may end with an error in the same form.",
    content: { "application/x-ndjson": { schema }, "text/event-stream": { schema } },
  };
};

/** One operation, without its id, tags, security and errors. */
export const describeOperation = (
  schemas: SchemaCatalogue,
  route: Route,
  path: readonly { readonly parameter: PathParameter; readonly name: string }[],
  shape: ResponseShape,
): OpenApiObject => {
  const parameters = [
    ...path.map(({ parameter, name }) => pathParameter(schemas, parameter, name)),
    ...queryParameters(schemas, route),
  ];
  const body = requestBody(schemas, route);
  return {
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: body }),
    responses: { [String(shape.status)]: response(schemas, route, shape) },
    ...(route.method.deprecated && { deprecated: true }),
  };
};
