import { ProductDeletedSchema } from "@tandem/contracts/catalog";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeTrackProduct } from "../../biz/track-product.ts";
import { tombstone } from "../../model/product.ts";

/**
 * From now on the product can neither be quoted nor priced. Too early, before its creation: a tombstone stays, which older news
 * do not revive. Again: nothing happens.
 */
export const onProductDeleted = (deps: { readonly trackProduct: ReturnType<typeof makeTrackProduct> }): Consumer =>
  defineConsumer({
    name: "pricing.on-product-deleted",
    event: ProductDeletedSchema,
    handle: ({ productId, aggregateVersion, sellerId }, { signal }) =>
      deps.trackProduct(tombstone(productId, sellerId, aggregateVersion), signal),
  });
