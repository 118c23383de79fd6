import {
  type Product,
  ProductCreatedSchema,
  ProductDeletedSchema,
  ProductUpdatedSchema,
} from "@tandem/contracts/catalog";
import { PriceChangedSchema } from "@tandem/contracts/pricing";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeTrackCartPrices, makeTrackCartProduct } from "../../biz/cart-products.ts";
import { cartPricesFromProto, cartProductFromProto } from "../../events/from-proto.ts";

type ProductEvent = {
  readonly productId: string;
  readonly aggregateVersion: bigint;
  readonly product?: Product | undefined;
};

/**
 * What carts show of products, each part by its owner's versions. Early, a price or a deletion before the product: kept. Late: older versions change
 * nothing, and a deleted product does not come back. Again: nothing, by the versions, so that no inbox row is needed.
 */
export const productConsumers = (deps: {
  readonly trackProduct: ReturnType<typeof makeTrackCartProduct>;
  readonly trackPrices: ReturnType<typeof makeTrackCartPrices>;
}): Consumer[] => {
  const track = (
    { productId, aggregateVersion, product }: ProductEvent,
    { signal }: { readonly signal: AbortSignal },
  ) => deps.trackProduct(cartProductFromProto(productId, aggregateVersion, product), signal);
  return [
    defineConsumer({
      name: "order.on-product-created",
      event: ProductCreatedSchema,
      withoutInbox: true,
      handle: track,
    }),
    // It carries the whole product, so that it stands for the creation too.
    defineConsumer({
      name: "order.on-product-updated",
      event: ProductUpdatedSchema,
      withoutInbox: true,
      handle: track,
    }),
    defineConsumer({
      name: "order.on-product-deleted",
      event: ProductDeletedSchema,
      withoutInbox: true,
      handle: ({ productId, aggregateVersion }, { signal }) =>
        deps.trackProduct({ productId, version: aggregateVersion, name: "", status: "ARCHIVED" }, signal),
    }),
    defineConsumer({
      name: "order.on-price-changed",
      event: PriceChangedSchema,
      withoutInbox: true,
      handle: ({ productId, aggregateVersion, prices }, { signal }) =>
        deps.trackPrices({ productId, version: aggregateVersion, prices: cartPricesFromProto(prices) }, signal),
    }),
  ];
};
