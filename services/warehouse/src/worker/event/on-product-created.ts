import { ProductCreatedSchema } from "@tandem/contracts/catalog";
import { AppError, isId } from "@tandem/kernel";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeTrackProduct } from "../../biz/track-product.ts";

/** Opens an empty stock record. Again, or after a first delivery has opened it: left as it is. */
export const onProductCreated = (deps: { readonly trackProduct: ReturnType<typeof makeTrackProduct> }): Consumer =>
  defineConsumer({
    name: "warehouse.on-product-created",
    event: ProductCreatedSchema,
    handle: ({ productId, product }, { signal }) => {
      const sellerId = product?.sellerId ?? "";
      if (!isId(sellerId))
        throw new AppError(
          "invalid_argument",
          "event.incomplete",
          `The event about product ${productId} lacks a seller.`,
        );
      return deps.trackProduct({ productId, sellerId }, signal);
    },
  });
