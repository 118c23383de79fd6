import type { Database } from "@tandem/postgres";
import type { DocumentReader } from "../biz/ports.ts";
import { withCategoryPaths } from "./category-paths.ts";
import { type DocumentRow, documentFromRow, SELECT_DOCUMENTS } from "./document-row.ts";

export const makeDocumentReader = (database: Pick<Database, "query">): DocumentReader => ({
  async getById(type, id) {
    const { rows } = await database.query<DocumentRow>(`${SELECT_DOCUMENTS} where d.type = $1 and d.id = $2`, [
      type,
      id,
    ]);
    return rows[0] && documentFromRow(rows[0]);
  },

  async listAfter(type, id, limit) {
    const { rows } = await database.query<DocumentRow>(
      `${SELECT_DOCUMENTS} where (d.type, d.id) > ($1, $2::uuid) order by d.type, d.id limit $3`,
      [type, id, limit],
    );
    return withCategoryPaths(database, rows.map(documentFromRow));
  },

  async count() {
    const { rows } = await database.query<{ n: number }>("select count(*)::int as n from document");
    return rows[0]?.n ?? 0;
  },
});
