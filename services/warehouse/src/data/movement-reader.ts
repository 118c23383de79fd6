import { defineKeyset, type Orm } from "@tandem/postgres";
import { and, count, eq } from "drizzle-orm";
import type { MovementReader } from "../biz/ports.ts";
import { movementTable } from "./schema.ts";

// Ids are UUIDv7: their order is the order of time.
const newestFirst = defineKeyset({
  scope: "movements:id_desc",
  table: movementTable,
  sort: [{ column: "id", direction: "desc" }],
});

export const makeMovementReader = (orm: Orm): MovementReader => ({
  async listByProductId(productId, { limit, cursor, offset }) {
    const page = newestFirst({ limit, cursor });
    const matches = eq(movementTable.productId, productId);
    const query = orm
      .select()
      .from(movementTable)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) return page.finish(await query);
    const [total] = await orm.select({ n: count() }).from(movementTable).where(matches);
    return { items: page.finish(await query.offset(offset)).items, total: total?.n ?? 0 };
  },
});
