import { ProductUpdatedSchema } from "@tandem/contracts/catalog";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeTrackProduct } from "../../biz/track-product.ts";
import { productFromProto } from "../../events/from-proto.ts";

/**
 * Takes over a product's new name, tax category and status. Too early, before its creation: it carries the whole product, so
 * it stands for both. Again, or overtaken by something newer: ignored.
 */
export const onProductUpdated = (deps: { readonly trackProduct: ReturnType<typeof makeTrackProduct> }): Consumer =>
  defineConsumer({
    name: "pricing.on-product-updated",
    event: ProductUpdatedSchema,
    handle: ({ productId, aggregateVersion, product }, { signal }) =>
      deps.trackProduct(productFromProto(productId, aggregateVersion, product), signal),
  });
