import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { mayActFor } from "@tandem/auth";
import { moneyFromProto } from "@tandem/contracts/common";
import type { CartService } from "@tandem/contracts/order";
import { callOf } from "@tandem/rpc";
import type { makeAwaitOutcome } from "../biz/await-outcome.ts";
import type { makeDescribeCart } from "../biz/cart-products.ts";
import type { makeCheckoutCart } from "../biz/checkout-cart.ts";
import type { makeDeleteCart, makeGetCart, makePutCartItem, makeRemoveCartItem } from "../biz/edit-cart.ts";
import { cartToProto } from "../events/cart-to-proto.ts";
import { addressFromProto, paymentMethodFromProto } from "../events/from-proto.ts";
import { orderToProto } from "../events/order-to-proto.ts";
import type { Cart } from "../model/cart.ts";
import { customerMissing } from "../model/errors.ts";
import { waitMsOf } from "./prefer-wait.ts";

export interface CartHandlersDeps {
  readonly getCart: ReturnType<typeof makeGetCart>;
  readonly putCartItem: ReturnType<typeof makePutCartItem>;
  readonly removeCartItem: ReturnType<typeof makeRemoveCartItem>;
  readonly deleteCart: ReturnType<typeof makeDeleteCart>;
  readonly describeCart: ReturnType<typeof makeDescribeCart>;
  readonly checkoutCart: ReturnType<typeof makeCheckoutCart>;
  readonly awaitOutcome: ReturnType<typeof makeAwaitOutcome>;
}

const mayAct = (context: HandlerContext) => (customerId: string) => mayActFor(callOf(context).principal, customerId);

const shown = async (deps: CartHandlersDeps, cart: Cart) => ({
  cart: cartToProto(cart, await deps.describeCart(cart)),
});

export const makeCartHandlers = (deps: CartHandlersDeps): ServiceImpl<typeof CartService> => ({
  getCart: async ({ cartId }, context) => shown(deps, await deps.getCart(cartId, mayAct(context), context.signal)),

  putCartItem: async ({ cartId, productId, quantity, sku, sellerId, currencyCode }, context) => {
    const { principal } = callOf(context);
    if (!principal.customerId) throw customerMissing();
    const { cart, products } = await deps.putCartItem(
      {
        cartId,
        customerId: principal.customerId,
        currency: currencyCode,
        item: { productId, sku, sellerId, quantity },
        mayActFor: mayAct(context),
      },
      context.signal,
    );
    return { cart: cartToProto(cart, products) };
  },

  removeCartItem: async ({ cartId, productId }, context) =>
    shown(deps, await deps.removeCartItem({ cartId, productId, mayActFor: mayAct(context) }, context.signal)),

  deleteCart: async ({ cartId }, context) => {
    await deps.deleteCart(cartId, mayAct(context), context.signal);
    return {};
  },

  checkoutCart: async (request, context) => {
    const order = await deps.checkoutCart(
      {
        cartId: request.cartId,
        expectedVersion: request.version === 0n ? undefined : Number(request.version),
        shippingAddress: addressFromProto(request.shippingAddress),
        paymentMethod: paymentMethodFromProto(request.paymentMethod),
        notes: request.notes,
        voucherCode: request.voucherCode,
        expectedTotal: request.expectedTotal && moneyFromProto(request.expectedTotal),
        mayActFor: mayAct(context),
      },
      context.signal,
    );
    const waitMs = waitMsOf(context.requestHeader, callOf(context).remainingMs());
    return { order: orderToProto(await deps.awaitOutcome(order, waitMs, context.signal)) };
  },
});
