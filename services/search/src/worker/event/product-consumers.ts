import { ProductCreatedSchema, ProductDeletedSchema, ProductUpdatedSchema } from "@tandem/contracts/catalog";
import { PriceChangedSchema } from "@tandem/contracts/pricing";
import { StockChangedSchema } from "@tandem/contracts/warehouse";
import type { Consumer } from "@tandem/messaging";
import { baseFromProduct, pricesFromProto } from "../../events/from-proto.ts";
import { emptyBase, type Part } from "../../model/document.ts";
import { type ApplyPart, partConsumer } from "./part-consumer.ts";

const changeOf = (id: string, part: Part) => ({ type: "PRODUCT" as const, id, part });

/**
 * What is known of a product, each part by its owner's versions. Again or too late: an older version changes nothing. Too early, a price before its
 * product: kept, found when the product comes. A deletion stays known, so that a late update does not bring the product back.
 */
export const productConsumers = ({ applyPart }: { readonly applyPart: ApplyPart }): Consumer[] => [
  ...[
    { name: "search.on-product-created", event: ProductCreatedSchema } as const,
    { name: "search.on-product-updated", event: ProductUpdatedSchema } as const,
  ].map((definition) =>
    partConsumer<typeof ProductCreatedSchema | typeof ProductUpdatedSchema>(
      definition,
      applyPart,
      ({ productId, aggregateVersion: version, product }) =>
        product && changeOf(productId, { part: "BASE", version, deleted: false, content: baseFromProduct(product) }),
    ),
  ),
  partConsumer(
    { name: "search.on-product-deleted", event: ProductDeletedSchema },
    applyPart,
    ({ productId, aggregateVersion: version }) =>
      changeOf(productId, { part: "BASE", version, deleted: true, content: emptyBase }),
  ),
  partConsumer(
    { name: "search.on-price-changed", event: PriceChangedSchema },
    applyPart,
    ({ productId, aggregateVersion: version, prices }) =>
      changeOf(productId, { part: "PRICE", version, deleted: false, content: { prices: pricesFromProto(prices) } }),
  ),
  partConsumer(
    { name: "search.on-stock-changed", event: StockChangedSchema },
    applyPart,
    ({ productId, aggregateVersion: version, available }) =>
      changeOf(productId, { part: "STOCK", version, deleted: false, content: { available } }),
  ),
];
