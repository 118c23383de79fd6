import { defineKeyset, type Orm } from "@tandem/postgres";
import { and, count, eq, gt, lte, ne, type SQL } from "drizzle-orm";
import type { PromotionReader } from "../biz/ports.ts";
import { promotionNotFound } from "../model/errors.ts";
import type { PromotionStatus } from "../model/promotion.ts";
import { promotionFromRow } from "./promotion-row.ts";
import { promotionTable } from "./schema.ts";

const newestFirst = defineKeyset({
  scope: "promotions:id_desc",
  table: promotionTable,
  sort: [{ column: "id", direction: "desc" }],
});

/** By the clock: the stored status follows it by a minute. */
const hasStatus = (status: PromotionStatus, now: Date): SQL | undefined => {
  if (status === "DEACTIVATED") return eq(promotionTable.status, status);
  const open = ne(promotionTable.status, "DEACTIVATED");
  if (status === "ENDED") return and(open, lte(promotionTable.endsAt, now));
  if (status === "SCHEDULED") return and(open, gt(promotionTable.startsAt, now));
  return and(open, lte(promotionTable.startsAt, now), gt(promotionTable.endsAt, now));
};

export const makePromotionReader = (orm: Orm): PromotionReader => ({
  async getById(promotionId) {
    const [row] = await orm.select().from(promotionTable).where(eq(promotionTable.id, promotionId));
    if (!row) throw promotionNotFound(promotionId);
    return promotionFromRow(row);
  },

  async listByCriteria({ status, sellerId, now }, { limit, cursor, offset }) {
    const page = newestFirst({ limit, cursor });
    const matches = and(
      status ? hasStatus(status, now) : undefined,
      sellerId ? eq(promotionTable.sellerId, sellerId) : undefined,
    );
    const query = orm
      .select()
      .from(promotionTable)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) {
      const { items, ...rest } = page.finish(await query);
      return { items: items.map(promotionFromRow), ...rest };
    }
    const [total] = await orm.select({ n: count() }).from(promotionTable).where(matches);
    return { items: page.finish(await query.offset(offset)).items.map(promotionFromRow), total: total?.n ?? 0 };
  },
});
