import { ProductDeletedSchema } from "@tandem/contracts/catalog";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeDiscontinueProduct } from "../../biz/discontinue-product.ts";
import { sellerOf } from "./seller-of.ts";

/** Nothing more is promised of it. Early: leaves a closed record; late, again: nothing to do. */
export const onProductDeleted = (deps: {
  readonly discontinueProduct: ReturnType<typeof makeDiscontinueProduct>;
}): Consumer =>
  defineConsumer({
    name: "warehouse.on-product-deleted",
    event: ProductDeletedSchema,
    handle: ({ productId, sellerId }, { signal }) =>
      deps.discontinueProduct({ productId, sellerId: sellerOf(productId, sellerId) }, signal),
  });
