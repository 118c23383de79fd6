import type { Transaction } from "@tandem/postgres";
import { and, eq, inArray, lte, or, sql } from "drizzle-orm";
import type { PromotionRepository } from "../biz/ports.ts";
import { promotionFromRow, promotionToRow } from "./promotion-row.ts";
import { promotionTable } from "./schema.ts";

export const makePromotionRepository = (tx: Transaction): PromotionRepository => ({
  async create(promotion) {
    await tx.insert(promotionTable).values(promotionToRow(promotion));
  },

  async lockById(promotionId) {
    const [row] = await tx.select().from(promotionTable).where(eq(promotionTable.id, promotionId)).for("update");
    return row && promotionFromRow(row);
  },

  async lockDue(now, limit) {
    const rows = await tx
      .select()
      .from(promotionTable)
      .where(
        or(
          and(eq(promotionTable.status, "SCHEDULED"), lte(promotionTable.startsAt, now)),
          and(inArray(promotionTable.status, ["SCHEDULED", "ACTIVE"]), lte(promotionTable.endsAt, now)),
        ),
      )
      .orderBy(promotionTable.id)
      .limit(limit)
      .for("update", { skipLocked: true });
    return rows.map(promotionFromRow);
  },

  async updateStatus(promotions) {
    if (promotions.length === 0) return;
    await tx.execute(sql`
      update promotion set status = after.status, version = after.version
      from unnest(
        ${sql.param(promotions.map(({ id }) => id))}::uuid[],
        ${sql.param(promotions.map(({ status }) => status))}::text[],
        ${sql.param(promotions.map(({ version }) => version))}::bigint[]
      ) as after (id, status, version)
      where promotion.id = after.id`);
  },
});
