import type { Clock } from "@tandem/kernel";
import type { Transaction } from "@tandem/postgres";
import type { PriceRepository } from "../biz/ports.ts";
import { listProductPrices } from "./list-product-prices.ts";
import { PASS_GATE } from "./promotion-gate.ts";

export const makePriceRepository = (tx: Transaction, clock: Clock): PriceRepository => ({
  async lockByProductIds(productIds) {
    // Sorted: two transactions that price the same products never wait for each other in a ring.
    const { rows } = await tx.client.query<{ productId: string; version: string }>({
      name: "product price lock",
      text: `
        with gate as materialized (select ${PASS_GATE})
        insert into product_price as pp (product_id, version) select id, 1 from gate, unnest($1::uuid[]) as id
        on conflict (product_id) do update set version = pp.version + 1
        returning product_id as "productId", version::text`,
      values: [[...new Set(productIds)].sort()],
    });
    return new Map(rows.map(({ productId, version }) => [productId, BigInt(version)]));
  },

  listByProductIds: (productIds) => listProductPrices(tx.client, productIds, clock.now()),

  async upsertAmounts(prices) {
    if (prices.length === 0) return;
    await tx.client.query({
      name: "price upsert",
      text: `
        insert into price (product_id, price_list_id, currency, amount_minor, version, updated_at)
        select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::timestamptz[])
        on conflict (product_id, price_list_id) do update
        set amount_minor = excluded.amount_minor, version = excluded.version, updated_at = excluded.updated_at`,
      values: [
        prices.map(({ productId }) => productId),
        prices.map(({ priceListId }) => priceListId),
        prices.map(({ amount }) => amount.currency),
        prices.map(({ amount }) => amount.minor.toString()),
        prices.map(({ version }) => version.toString()),
        prices.map(({ updatedAt }) => updatedAt),
      ],
    });
  },
});
