import { ProductCreatedSchema, ProductDeletedSchema, ProductUpdatedSchema } from "@tandem/contracts/catalog";
import { PriceChangedSchema } from "@tandem/contracts/pricing";
import { StockChangedSchema } from "@tandem/contracts/warehouse";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeApplyPart } from "../../biz/put-documents.ts";
import { baseFromProduct, pricesFromProto } from "../../events/from-proto.ts";
import { emptyBase } from "../../model/document.ts";

/**
 * What is known of a product, each part by its owner's versions. Again or too late: an older version changes nothing. Too early, a price before its
 * product: kept, found when the product comes. A deletion stays known, so that a late update does not bring the product back.
 */
export const productConsumers = ({
  applyPart,
}: {
  readonly applyPart: ReturnType<typeof makeApplyPart>;
}): Consumer[] => [
  ...[
    { name: "search.on-product-created", event: ProductCreatedSchema } as const,
    { name: "search.on-product-updated", event: ProductUpdatedSchema } as const,
  ].map(({ name, event }) =>
    defineConsumer<typeof ProductCreatedSchema | typeof ProductUpdatedSchema>({
      name,
      event,
      handle: async ({ productId, aggregateVersion, product }, { signal }) => {
        if (!product) return;
        const content = baseFromProduct(product);
        await applyPart(
          {
            type: "PRODUCT",
            id: productId,
            part: { part: "BASE", version: aggregateVersion, deleted: false, content },
          },
          signal,
        );
      },
    }),
  ),
  defineConsumer({
    name: "search.on-product-deleted",
    event: ProductDeletedSchema,
    handle: ({ productId, aggregateVersion }, { signal }) =>
      applyPart(
        {
          type: "PRODUCT",
          id: productId,
          part: { part: "BASE", version: aggregateVersion, deleted: true, content: emptyBase },
        },
        signal,
      ),
  }),
  defineConsumer({
    name: "search.on-price-changed",
    event: PriceChangedSchema,
    handle: ({ productId, aggregateVersion, prices }, { signal }) =>
      applyPart(
        {
          type: "PRODUCT",
          id: productId,
          part: {
            part: "PRICE",
            version: aggregateVersion,
            deleted: false,
            content: { prices: pricesFromProto(prices) },
          },
        },
        signal,
      ),
  }),
  defineConsumer({
    name: "search.on-stock-changed",
    event: StockChangedSchema,
    handle: ({ productId, aggregateVersion, available }, { signal }) =>
      applyPart(
        {
          type: "PRODUCT",
          id: productId,
          part: { part: "STOCK", version: aggregateVersion, deleted: false, content: { available } },
        },
        signal,
      ),
  }),
];
