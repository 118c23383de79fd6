import { ProductCreatedSchema } from "@tandem/contracts/catalog";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeTrackProduct } from "../../biz/track-product.ts";
import { sellerOf } from "./seller-of.ts";

/** Opens an empty stock record. Again, or after a first delivery has opened it: its owner is set right, the pieces stay. */
export const onProductCreated = (deps: { readonly trackProduct: ReturnType<typeof makeTrackProduct> }): Consumer =>
  defineConsumer({
    name: "warehouse.on-product-created",
    event: ProductCreatedSchema,
    handle: ({ productId, product }, { signal }) =>
      deps.trackProduct({ productId, sellerId: sellerOf(productId, product?.sellerId) }, signal),
  });
