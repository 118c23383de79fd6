import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { accessOf } from "@tandem/contracts";
import { comments } from "@tandem/contracts/comments";
import { createOpenApiDocument, type JsonSchema, type OpenApiDocument } from "@tandem/transcoding";

const text = (description: string): JsonSchema => ({ type: "string", description });

const errorSchema: JsonSchema = {
  type: "object",
  required: ["code", "error", "message", "details", "retryable"],
  properties: {
    code: { type: "integer", minimum: 1, description: "The error's number in the catalogue." },
    error: text("The error's stable name: compare this one."),
    message: text("For people. May change."),
    details: {
      type: "array",
      items: {
        type: "object",
        required: ["message"],
        properties: {
          field: text("As the request named it."),
          rule: text("The rule that it breaks."),
          message: text("Why."),
        },
      },
    },
    retryable: { type: "boolean", description: "Whether the same request may succeed later." },
    traceId: text("To quote when asking about this answer."),
  },
};

const enveloped = (data: JsonSchema): JsonSchema => ({
  type: "object",
  required: ["code", "data"],
  properties: { code: { type: "integer", const: 0 }, data },
});

const header = (name: string, description: string, schema: JsonSchema = { type: "string" }) => ({
  name,
  in: "header",
  required: false,
  description,
  schema,
});
const commonHeaders = [
  header("X-Correlation-Id", "Comes back in the answer and goes into logs and events.", {
    type: "string",
    pattern: "^[A-Za-z0-9._:-]{1,128}$",
  }),
  header("Request-Timeout", "Seconds, with decimals. How long the caller waits; without it 10.", {
    type: "number",
    exclusiveMinimum: 0,
  }),
];
const idempotencyHeader = header(
  "Idempotency-Key",
  "The call runs once per key: a repeat gets the first answer, marked `Idempotency-Replayed: true`.",
  { type: "string", pattern: "^[A-Za-z0-9._:-]{1,255}$" },
);

const errorsOf = (method: DescMethod): Record<string, { readonly description: string }> => {
  const access = accessOf(method);
  return {
    400: { description: "The request is malformed or breaks a rule; `details` say where." },
    ...(access?.kind === "public" ? {} : { 401: { description: "No token, or one that is not accepted." } }),
    ...(access?.kind === "permission"
      ? { 403: { description: `Needs the permission \`${access.permission}\`.` } }
      : {}),
    404: { description: "There is no such thing, or it is not yours." },
    409: { description: "The request contradicts the present state, or another request." },
    429: { description: "Too many calls; see `Retry-After`." },
    500: { description: "The server failed." },
    503: { description: "Try again later." },
    504: { description: "The deadline passed." },
  };
};

/** "What it does.\nErrors: a.b." are two paragraphs: what it does is the summary. */
const described = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(comments).map(([name, comment]) => [name, comment.replace(/(^|\n)(?=Errors: )/, "\n\n")]),
  );

/** The document of `/openapi.json`: the routes of these services, with the envelope, headers, errors and permissions of this server. */
export const describeApi = (title: string, version: string, services: readonly DescService[]): OpenApiDocument =>
  createOpenApiDocument({
    services,
    info: { title, version },
    comments: described(),
    envelope: { response: enveloped, error: errorSchema },
    security: {
      schemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      of: (method) => (accessOf(method)?.kind === "public" ? [] : [{ bearer: [] }]),
    },
    errors: ({ method }) => errorsOf(method),
    parameters: ({ method }) =>
      method.idempotency === Level.NO_SIDE_EFFECTS ? commonHeaders : [idempotencyHeader, ...commonHeaders],
  });
