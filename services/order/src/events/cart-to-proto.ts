import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { moneyToProto } from "@tandem/contracts/common";
import {
  CartChange,
  CartSchema,
  CartStatus,
  type CartUpdated,
  CartUpdatedSchema,
  type Cart as ProtoCart,
} from "@tandem/contracts/order";
import type { Cart } from "../model/cart.ts";
import { type CartProduct, isForSale, priceIn } from "../model/cart-product.ts";

const known = (product: CartProduct | undefined, currency: string) => {
  if (!product) return {};
  const [unitPrice, forSale] = [priceIn(product, currency), isForSale(product)];
  return {
    name: product.name,
    ...(unitPrice ? { unitPrice: moneyToProto(unitPrice) } : {}),
    ...(forSale === undefined ? {} : { forSale }),
  };
};

/** @param products what is known of its products; default nothing, as in events: what is for sale changes without the cart */
export const cartToProto = (cart: Cart, products: ReadonlyMap<string, CartProduct> = new Map()): ProtoCart =>
  create(CartSchema, {
    cartId: cart.id,
    customerId: cart.customerId,
    currencyCode: cart.currency,
    items: cart.items.map((item) => ({ ...item, ...known(products.get(item.productId), cart.currency) })),
    status: cart.orderId === undefined ? CartStatus.OPEN : CartStatus.CHECKED_OUT,
    orderId: cart.orderId ?? "",
    version: BigInt(cart.version),
    createdAt: timestampFromDate(new Date(cart.createdAt)),
    updatedAt: timestampFromDate(new Date(cart.updatedAt)),
  });

export const cartUpdatedToProto = (cart: Cart): CartUpdated =>
  create(CartUpdatedSchema, {
    cartId: cart.id,
    aggregateVersion: BigInt(cart.version),
    occurredAt: timestampFromDate(new Date(cart.updatedAt)),
    cart: cartToProto(cart),
    change: CartChange[cart.lastChange],
  });
