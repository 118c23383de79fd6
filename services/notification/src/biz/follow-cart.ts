import type { Clock } from "@tandem/kernel";
import { type Cart, followCart } from "../model/cart.ts";
import type { NotificationUnitOfWork } from "./ports.ts";

/** Keeps what a cart held last, in any order. A reminder that is still to be sent is called back when the cart changed. */
export const makeFollowCart =
  ({ uow }: { readonly uow: NotificationUnitOfWork; readonly clock?: Clock }) =>
  (news: Cart, signal?: AbortSignal): Promise<void> =>
    uow.transact(async ({ carts, notifications }) => {
      const before = await carts.lockById(news.id);
      const after = followCart(before, news);
      if (after === before) return;
      await carts.save(after);
      await notifications.suppressPending({ cartId: after.id }, "the cart was changed");
    }, signal);
