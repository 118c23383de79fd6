import type { Transaction } from "@tandem/postgres";
import type { Announcement, AnnouncementRepository } from "../biz/ports.ts";
import { isShown } from "../model/promotion.ts";
import { CLOSE_GATE, PASS_GATE } from "./promotion-gate.ts";

export const makeAnnouncementRepository = (tx: Transaction): AnnouncementRepository => ({
  async queueForPromotion(promotion, cause, at) {
    // Shops show what one piece costs: a reduction from the third piece, or from a sum on, changes nothing there.
    if (!isShown(promotion)) return 0;
    const { discount, productIds, sellerId } = promotion;
    await tx.client.query(CLOSE_GATE);
    const { rowCount } = await tx.client.query({
      name: "announcement queue",
      text: `
        insert into price_announcement as queued (product_id, cause, queued_at)
        select distinct pr.product_id, $1, $2::timestamptz
        from price pr
        join price_list l on l.id = pr.price_list_id and l.is_default
        left join product p on p.product_id = pr.product_id
        where ($3::uuid[] = '{}' or pr.product_id = any($3))
          and ($4::uuid is null or p.seller_id = $4)
          and ($5::text is null or pr.currency = $5)
          and p.status is distinct from 'ARCHIVED'
        order by pr.product_id
        on conflict (product_id) do update set cause = excluded.cause`,
      values: [
        cause,
        at,
        [...productIds],
        sellerId ?? null,
        discount.kind === "AMOUNT" ? discount.amount.currency : null,
      ],
    });
    return rowCount ?? 0;
  },

  async take(limit) {
    const { rows } = await tx.client.query<Announcement>({
      name: "announcement take",
      text: `
        with gate as materialized (select ${PASS_GATE})
        delete from price_announcement using gate
        where product_id in (select product_id from price_announcement order by queued_at, product_id limit $1 for update skip locked)
        returning product_id as "productId", cause`,
      values: [limit],
    });
    return rows;
  },
});
