import { toJsonString } from "@bufbuild/protobuf";
import { CartUpdatedSchema } from "@tandem/contracts/order";
import type { StateStore } from "@tandem/dapr";
import { isAppError } from "@tandem/kernel";
import { currentTraceparent } from "@tandem/runtime";
import type { CartStore } from "../biz/ports.ts";
import { cartUpdatedToProto } from "../events/cart-to-proto.ts";
import type { Cart } from "../model/cart.ts";
import { cartChanged } from "../model/errors.ts";
import type { CartClaims } from "./cart-claims.ts";

/** Carts nobody touches go away after 30 days. */
const TTL_SECONDS = 30 * 24 * 3600;

const keyOf = (cartId: string) => `cart:${cartId}`;

/**
 * Carts in Dapr's state store. Each write is a state transaction whose outbox publishes `cart.updated`.
 *
 * A writer claims the version first, in Postgres: of two who read the same cart the second is refused there and never begins a transaction.
 * daprd tells its outbox of a transaction before it commits it, and of one that fails on its etag it looks for the outcome without end (1.18.3:
 * the retry in `pkg/runtime/pubsub/outbox.go` has no `Stop`, so it neither ends nor waits after ten seconds).
 */
export const makeCartStore = (state: StateStore, claims: CartClaims): CartStore => {
  const claim = async (cartId: string, version: number, signal: AbortSignal | undefined) => {
    if (!(await claims.take(cartId, version, signal))) throw cartChanged(cartId);
  };
  const claimed = async (cartId: string, version: number, write: () => Promise<void>) => {
    try {
      await write();
    } catch (error) {
      // Where this fails, too, the claim ends by itself.
      await claims.release(cartId, version).catch(() => undefined);
      if (isAppError(error, "dapr.etag_mismatch")) throw cartChanged(cartId);
      throw error;
    }
  };
  const putClaimed = (cart: Cart, etag: string | undefined): Promise<void> => {
    const traceparent = currentTraceparent();
    return claimed(cart.id, cart.version, () =>
      // Without the caller's signal: who leaves in the middle of it would leave a transaction that was told of and never committed.
      state.transact([
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
      ]),
    );
  };
  return {
    async getById(cartId, signal) {
      const entry = await state.get<Cart>(keyOf(cartId), signal);
      return entry && { cart: entry.value, etag: entry.etag };
    },
    put: async (cart, etag, signal) => {
      await claim(cart.id, cart.version, signal);
      await putClaimed(cart, etag);
    },
    putClaimed,
    // No transaction, so nobody is told; but a writer who holds the next version must find the cart that it read.
    delete: async ({ id, version }, etag, signal) => {
      const next = version + 1;
      await claim(id, next, signal);
      await claimed(id, next, () => state.delete(keyOf(id), { etag, ...(signal ? { signal } : {}) }));
      await claims.release(id, next);
    },
  };
};
