import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  CartChange,
  CartSchema,
  CartStatus,
  type CartUpdated,
  CartUpdatedSchema,
  type Cart as ProtoCart,
} from "@tandem/contracts/order";
import type { Cart } from "../model/cart.ts";

export const cartToProto = (cart: Cart): ProtoCart =>
  create(CartSchema, {
    cartId: cart.id,
    customerId: cart.customerId,
    currencyCode: cart.currency,
    items: cart.items.map((item) => ({ ...item })),
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
