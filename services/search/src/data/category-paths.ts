import type { Database } from "@tandem/postgres";
import type { DocumentParts } from "../model/document.ts";

const categoryOf = ({ type, parts }: DocumentParts): string | undefined => {
  const base = type === "PRODUCT" ? parts.find(({ part }) => part === "BASE") : undefined;
  return base?.part === "BASE" ? base.content.categoryId : undefined;
};

/** Products with where their categories lie now: a statement more for each batch that has any. After the documents were read, never together with them. */
export const withCategoryPaths = async (
  database: Pick<Database, "query">,
  documents: readonly DocumentParts[],
): Promise<readonly DocumentParts[]> => {
  const wanted = [...new Set(documents.flatMap((document) => categoryOf(document) ?? []))];
  if (wanted.length === 0) return documents;
  const { rows } = await database.query<{ id: string; path: string[] }>({
    name: "category paths",
    text: "select id, path from category_paths($1)",
    values: [wanted],
  });
  const paths = new Map(rows.map(({ id, path }) => [id, path]));
  return documents.map((document) => {
    const categoryPath = paths.get(categoryOf(document) ?? "");
    return categoryPath ? { ...document, categoryPath } : document;
  });
};
