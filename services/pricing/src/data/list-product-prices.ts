import type { ProductPrices } from "../model/price.ts";
import { appliesToProduct } from "../model/promotion.ts";
import {
  given,
  type PriceJson,
  type ProductJson,
  type PromotionJson,
  priceFromJson,
  productFromJson,
  productJson,
  promotionFromJson,
  promotionsJson,
} from "./basis-sql.ts";
import type { StatementRunner } from "./statement-runner.ts";

interface Row {
  readonly products: readonly {
    readonly productId: string;
    readonly product: ProductJson | null;
    readonly prices: readonly PriceJson[];
  }[];
  readonly promotions: readonly PromotionJson[];
}

const text = `
  select ${promotionsJson} as promotions,
    (select coalesce(jsonb_agg(jsonb_build_object('productId', w.product_id, 'product', ${productJson}, 'prices', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'priceListId', pr.price_list_id, 'isDefault', l.is_default, 'currency', pr.currency,
          'amountMinor', pr.amount_minor::text, 'version', pr.version::text, 'updatedAt', pr.updated_at)), '[]')
        from price pr join price_list l on l.id = pr.price_list_id where pr.product_id = w.product_id))
      order by w.at), '[]')
     from unnest(${given("$1::uuid[]")}) with ordinality as w (product_id, at) left join product p on p.product_id = w.product_id) as products`;

/** All prices of the products and the promotions that concern them, in the order asked for: one statement. */
export const listProductPrices = async (
  client: StatementRunner,
  productIds: readonly string[],
  now: Date,
): Promise<readonly ProductPrices[]> => {
  if (productIds.length === 0) return [];
  const { rows } = await client.query<Row>({ name: "product prices", text, values: [[...productIds], now] });
  const promotions = (rows[0]?.promotions ?? []).map(promotionFromJson);
  return (rows[0]?.products ?? []).map(({ productId, product: json, prices }) => {
    const product = productFromJson(json);
    return {
      productId,
      product,
      prices: prices.map((price) => priceFromJson(productId, price)),
      promotions: promotions.filter((terms) => appliesToProduct(terms, productId, product?.sellerId)),
    };
  });
};
