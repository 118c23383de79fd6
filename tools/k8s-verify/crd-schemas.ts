import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

type Json = Record<string, unknown>;

interface Crd {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Json } }[];
  };
}

const strings = { type: "object", additionalProperties: { type: "string" } };

/** What people write of it; the rest the API server fills in. */
const metadata = {
  type: "object",
  properties: {
    name: { type: "string" },
    namespace: { type: "string" },
    labels: strings,
    annotations: strings,
    finalizers: { type: "array", items: { type: "string" } },
  },
  required: ["name"],
  additionalProperties: false,
};

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const mapValues = (value: unknown, change: (schema: unknown) => unknown): unknown =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, change(part)])) : value;

/**
 * A CRD's OpenAPI schema as JSON Schema in which what is not mentioned is forbidden, as the API server's strict field
 * validation has it. CEL rules (`x-kubernetes-validations`) are left out: only an API server evaluates them.
 */
export const toStrictSchema = (openApi: unknown): unknown => {
  if (!isObject(openApi)) return openApi;
  const { nullable, ...schema } = Object.fromEntries(
    Object.entries(openApi).filter(([key]) => !key.startsWith("x-kubernetes-")),
  );
  if (openApi["x-kubernetes-int-or-string"] === true) return { anyOf: [{ type: "integer" }, { type: "string" }] };
  const open = openApi["x-kubernetes-preserve-unknown-fields"] === true || schema["additionalProperties"] !== undefined;
  return {
    ...schema,
    ...(nullable === true && typeof schema["type"] === "string" ? { type: [schema["type"], "null"] } : {}),
    ...(schema["items"] === undefined ? {} : { items: toStrictSchema(schema["items"]) }),
    ...(schema["properties"] === undefined ? {} : { properties: mapValues(schema["properties"], toStrictSchema) }),
    ...(isObject(schema["additionalProperties"])
      ? { additionalProperties: toStrictSchema(schema["additionalProperties"]) }
      : {}),
    ...(schema["properties"] !== undefined && !open ? { additionalProperties: false } : {}),
  };
};

const objectSchema = ({ spec }: Crd, version: Crd["spec"]["versions"][number]): Json => {
  const strict = toStrictSchema(version.schema.openAPIV3Schema) as Json;
  return {
    ...strict,
    properties: {
      ...(strict["properties"] as Json),
      apiVersion: { const: `${spec.group}/${version.name}` },
      kind: { const: spec.names.kind },
      metadata,
    },
    required: [...new Set([...((strict["required"] as string[] | undefined) ?? []), "apiVersion", "kind", "metadata"])],
  };
};

/** Writes a schema for every kind in `crds`, named as kubeconform looks for it: `component-dapr-v1alpha1.json`. */
export const writeCrdSchemas = (crds: string, folder: string): void => {
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(crds).filter((name) => name.endsWith(".yaml"))) {
    for (const document of parseAllDocuments(readFileSync(join(crds, file), "utf8"))) {
      const crd = document.toJS() as Crd | null;
      if (crd === null) continue;
      for (const version of crd.spec.versions) {
        const { group, names } = crd.spec;
        const name = `${names.kind}-${group.split(".")[0]}-${version.name}.json`.toLowerCase();
        writeFileSync(join(folder, name), JSON.stringify(objectSchema(crd, version)));
      }
    }
  }
};
