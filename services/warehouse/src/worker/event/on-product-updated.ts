import { ProductUpdatedSchema } from "@tandem/contracts/catalog";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeTrackProduct } from "../../biz/track-product.ts";
import { sellerOf } from "./seller-of.ts";

/** As product.created, which it may have overtaken; a product's seller never changes, so their order does not matter. */
export const onProductUpdated = (deps: { readonly trackProduct: ReturnType<typeof makeTrackProduct> }): Consumer =>
  defineConsumer({
    name: "warehouse.on-product-updated",
    event: ProductUpdatedSchema,
    handle: ({ productId, product }, { signal }) =>
      deps.trackProduct({ productId, sellerId: sellerOf(productId, product?.sellerId) }, signal),
  });
