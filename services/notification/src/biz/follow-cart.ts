import { type Cart, followCart } from "../model/cart.ts";
import type { Arrival, EventShortcuts, NotificationUnitOfWork, Repositories } from "./ports.ts";

export interface FollowCartDeps {
  readonly uow: NotificationUnitOfWork;
  readonly shortcuts: EventShortcuts;
}

/**
 * Keeps what a cart held last, in any order. A reminder that is still to be sent is called back when the cart changed. A cart of which nobody was
 * reminded is one statement.
 */
export const makeFollowCart =
  ({ uow, shortcuts }: FollowCartDeps) =>
  async (news: Cart, { signal, once }: Arrival = {}): Promise<void> => {
    if (once && (await shortcuts.takeCart(news, once, signal))) return;
    await uow.transact(async (repositories) => {
      const { notifications, recipients } = repositories;
      if (once) await recipients.lock({ once });
      const change = await changeCart(repositories, news.id, (before) => followCart(before, news));
      if (change && isReminded(change.before))
        await notifications.suppressPending({ cartId: news.id }, "the cart was changed");
    }, signal);
  };

/** Whether there may be a reminder of it. */
export const isReminded = (cart: Cart | undefined): boolean => cart !== undefined && cart.remindedVersion > 0n;

/** Changes a cart under its lock, whether it was there or not. Undefined: there was nothing to change. */
export const changeCart = async (
  { carts }: Pick<Repositories, "carts">,
  cartId: string,
  change: (before: Cart | undefined) => Cart,
): Promise<{ readonly before: Cart | undefined } | undefined> => {
  const seen = await carts.lockById(cartId);
  if (!seen && (await carts.createIfAbsent(change(undefined)))) return { before: undefined };
  // Two first events of one cart at once: the other one's row is there now.
  const before = seen ?? (await carts.lockById(cartId));
  const after = change(before);
  if (!before || after === before) return undefined;
  await carts.update(after);
  return { before };
};
