import { ProductCreatedSchema } from "@tandem/contracts/catalog";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeTrackProduct } from "../../biz/track-product.ts";
import { productFromProto } from "../../events/from-proto.ts";

/** Remembers a new product. Again, or too late, after a change or its end: what is known is newer, and stays. */
export const onProductCreated = (deps: { readonly trackProduct: ReturnType<typeof makeTrackProduct> }): Consumer =>
  defineConsumer({
    name: "pricing.on-product-created",
    event: ProductCreatedSchema,
    handle: ({ productId, aggregateVersion, product }, { signal }) =>
      deps.trackProduct(productFromProto(productId, aggregateVersion, product), signal),
  });
