import { toJsonString } from "@bufbuild/protobuf";
import { CartUpdatedSchema } from "@tandem/contracts/order";
import type { StateStore } from "@tandem/dapr";
import { isAppError } from "@tandem/kernel";
import { currentTraceparent } from "@tandem/runtime";
import type { CartStore } from "../biz/ports.ts";
import { cartUpdatedToProto } from "../events/cart-to-proto.ts";
import type { Cart } from "../model/cart.ts";
import { cartChanged } from "../model/errors.ts";

/** Carts nobody touches go away after 30 days. */
const TTL_SECONDS = 30 * 24 * 3600;

const keyOf = (cartId: string) => `cart:${cartId}`;

/** Carts in Dapr's state store. Each write is a state transaction whose outbox publishes `cart.updated`. */
export const makeCartStore = (state: StateStore): CartStore => {
  const guarded = async (cartId: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (isAppError(error, "dapr.etag_mismatch")) throw cartChanged(cartId);
      throw error;
    }
  };
  return {
    async getById(cartId, signal) {
      const entry = await state.get<Cart>(keyOf(cartId), signal);
      return entry && { cart: entry.value, etag: entry.etag };
    },
    put: (cart, etag, signal) => {
      const traceparent = currentTraceparent();
      return guarded(cart.id, () =>
        state.transact(
          [
            {
              op: "set",
              key: keyOf(cart.id),
              value: cart,
              etag: etag ?? null,
              ttlSeconds: TTL_SECONDS,
              publish: {
                data: toJsonString(CartUpdatedSchema, cartUpdatedToProto(cart)),
                type: CartUpdatedSchema.typeName,
                subject: cart.id,
                ...(traceparent ? { traceparent } : {}),
              },
            },
          ],
          signal,
        ),
      );
    },
    delete: (cartId, etag, signal) =>
      guarded(cartId, () => state.delete(keyOf(cartId), { etag, ...(signal ? { signal } : {}) })),
  };
};
