import type { JsonValue } from "@bufbuild/protobuf";

/** A JSON Schema of the 2020-12 dialect, as OpenAPI 3.1 uses it. */
export type JsonSchema = { [keyword: string]: JsonValue };

export const refTo = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

/** Joins what is said about one thing; undefined when nothing is. */
export const paragraphs = (...texts: (string | undefined)[]): string | undefined => {
  const said = texts.filter((text) => text !== undefined && text !== "");
  return said.length === 0 ? undefined : said.join("\n\n");
};

/** The schema with a description, when there is one. */
export const described = (schema: JsonSchema, ...texts: (string | undefined)[]): JsonSchema => {
  const description = paragraphs(
    typeof schema["description"] === "string" ? schema["description"] : undefined,
    ...texts,
  );
  return description === undefined ? schema : { ...schema, description };
};
