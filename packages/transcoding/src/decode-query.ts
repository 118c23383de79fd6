import type { DescField } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { DecodeOptions } from "./decode-request.ts";
import { invalidField, RequestFault, unknownField } from "./fault.ts";
import { reachParent, resolveFieldPath } from "./field-path.ts";
import { parameterParser } from "./parameter.ts";
import { decodeQueryText } from "./percent.ts";
import type { Route } from "./route.ts";
import { sayParameters } from "./say-alternatives.ts";

/** Why a known field cannot be set by the query of this route, or undefined when it can. */
const boundElsewhere = (route: Route, path: readonly DescField[]): string | undefined => {
  if (route.body.kind === "message") return "belongs in the body";
  if (route.body.kind === "field" && route.body.field === path[0]) return "belongs in the body";
  const inPath = route.variables.some(
    (variable) => variable.path.length === path.length && variable.path.every((field, index) => field === path[index]),
  );
  return inPath ? "is set by the path" : undefined;
};

const setParameter = (target: ReflectMessage, name: string, path: readonly DescField[], text: string): void => {
  const field = path[path.length - 1] as DescField;
  const parse = parameterParser(field);
  if (parse === undefined) throw invalidField(name, "a map or message of this type cannot be given in the query");
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw invalidField(name, error instanceof Error ? error.message : String(error));
  }
  const parent = reachParent(target, path, name);
  if (field.fieldKind === "list") {
    parent.get(field).add(value);
    return;
  }
  parent.set(field, value);
};

/**
 * Sets the fields that the query names: by proto or JSON name, nested ones by dotted path, repeated ones by repetition.
 * @param query raw, without "?"
 * @throws RequestFault
 */
export const applyQuery = (
  target: ReflectMessage,
  route: Route,
  query: string,
  options: Pick<DecodeOptions, "ignoreUnknownFields" | "ignoredQueryParameters">,
): void => {
  if (query === "") return;
  const seen = new Map<DescField, string[]>();
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decodeQueryText(equals < 0 ? pair : pair.slice(0, equals));
    if (options.ignoredQueryParameters.has(name)) continue;
    const path = resolveFieldPath(route.method.input, name);
    const field = path?.at(-1);
    if (path === undefined || field === undefined) {
      if (options.ignoreUnknownFields) continue;
      const may = (field: DescField) => boundElsewhere(route, [field]) === undefined;
      throw unknownField(name, `no such query parameter; ${sayParameters(route.method.input, name, may)}`);
    }
    const elsewhere = boundElsewhere(route, path);
    if (elsewhere !== undefined)
      throw new RequestFault("invalid_field", `query parameter "${name}" ${elsewhere}`, [
        { field: name, description: elsewhere },
      ]);
    const canonical = path.map((step) => step.name).join(".");
    if (field.fieldKind !== "list") {
      const others = seen.get(field) ?? [];
      if (others.includes(canonical)) throw invalidField(name, "given more than once");
      seen.set(field, [...others, canonical]);
    }
    setParameter(target, name, path, decodeQueryText(equals < 0 ? "" : pair.slice(equals + 1)));
  }
};
