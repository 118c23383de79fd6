import type { DescService } from "@bufbuild/protobuf";
import type { ServiceEntry } from "@tandem/contracts";
import { describeApi } from "@tandem/rpc/door";
import { isShown, operationsServices } from "../routing/route-table.ts";

type OpenApi = ReturnType<typeof describeApi>;

const json = (description: string) => ({
  description,
  content: { "application/json": { schema: { type: "object" } } },
});

/** One document of everything behind the door: the contexts' routes, and the operations services of each under `/ops/{context}`. */
export const mergeOpenApi = (contexts: readonly ServiceEntry[]): OpenApi => {
  const listed = contexts.flatMap(({ services }) => services);
  const document = withoutHidden(describeApi("Tandem", "1.0.0", listed), listed);
  const operations = describeApi("Operations", "1.0.0", operationsServices);
  const inContext = {
    name: "context",
    in: "path",
    required: true,
    description: "Whose dead letters, jobs or outbox.",
    schema: { type: "string", enum: contexts.map(({ context }) => context) },
  };
  const operationPaths = Object.entries(operations.paths).map(([path, item]) => [
    path.replace(/^\/ops\/v1/, "/ops/{context}"),
    { ...item, parameters: [inContext] },
  ]);
  return {
    ...document,
    info: {
      ...document.info,
      description:
        "The platform's one door. Answers are `{code: 0, data}`, errors `{code, error, message, details, retryable, traceId}`. " +
        "The same services answer Connect and gRPC-Web here and gRPC on the port beside, by their full names.",
    },
    tags: [...document.tags, ...operations.tags, { name: "Door" }],
    paths: { ...document.paths, ...Object.fromEntries(operationPaths), ...doorPaths(inContext) },
    components: {
      ...document.components,
      schemas: { ...operations.components.schemas, ...document.components.schemas },
    },
  };
};

/** What the door does not let through, it does not speak of. */
const withoutHidden = (document: OpenApi, services: readonly DescService[]): OpenApi => {
  const hidden = services.flatMap(({ name, methods }) =>
    methods.filter((one) => !isShown(one)).map((one) => `${name}_${one.name}`),
  );
  const paths = Object.entries(document.paths).map(([path, item]) => {
    const shown = Object.entries(item).filter(
      ([, operation]) => !hidden.includes(String((operation as { operationId?: string } | null)?.operationId)),
    );
    return [path, Object.fromEntries(shown)] as const;
  });
  return { ...document, paths: Object.fromEntries(paths.filter(([, item]) => Object.keys(item).length > 0)) };
};

const doorPaths = (inContext: object): OpenApi["paths"] =>
  ({
    "/health": {
      get: {
        operationId: "Door_Health",
        tags: ["Door"],
        summary: "Which contexts answer",
        security: [],
        responses: { 200: json("All do."), 503: json("Some do not; the body names them.") },
      },
    },
    "/health/{context}": {
      get: {
        operationId: "Door_ContextHealth",
        tags: ["Door"],
        summary: "Whether one context answers",
        security: [],
        parameters: [inContext],
        responses: { 200: json("It does."), 503: json("It does not."), 404: json("There is no such context.") },
      },
    },
  }) as unknown as OpenApi["paths"];
