import { type Cart, closeCart } from "../model/cart.ts";
import { isNews, type KnownOrder, learnOrder, unknownOrder } from "../model/known-order.ts";
import type { NotificationRequest } from "../model/notification.ts";
import { changeCart, isReminded } from "./follow-cart.ts";
import { type NotifyDeps, type NotifyParts, notifyWithin } from "./notify.ts";
import type { Arrival, EventShortcuts, Repositories } from "./ports.ts";
import { writeWaiting } from "./write-waiting.ts";

export interface OrderNews extends KnownOrder {
  readonly customerId: string;
  /** The cart it was made of. */
  readonly cartId: string | undefined;
}

/**
 * Learns whose an order is, and tells the person of it when there is something to tell. Messages that waited for it are written. In any
 * order, any number of times.
 */
export const makeFollowOrder =
  ({ uow, shortcuts, ...parts }: NotifyDeps & { readonly shortcuts: EventShortcuts }) =>
  async (news: OrderNews, request: NotificationRequest | undefined, { signal, once }: Arrival = {}): Promise<void> => {
    if (!request && once && (await shortcuts.isKnown(news, once, signal))) return;
    await uow.transact(async (repositories) => {
      const { orders, recipients, notifications } = repositories;
      // The contact's lock comes with it where it is known whose the order is: then there is no cart to close before.
      const { order: before = unknownOrder(news.orderId), person } = await recipients.lock({
        orderId: news.orderId,
        once,
      });
      const { cartId, ...facts } = news;
      const order = learnOrder(before, facts);
      if (news.version > before.version && isNews(before, order)) await orders.update(order);
      // Locks: order, cart, contact, notification; everywhere.
      const closed =
        cartId !== undefined && before.customerId === undefined
          ? await closeCartOf(repositories, cartId, parts)
          : undefined;
      if (before.customerId === undefined) await writeWhatWaited(repositories, order, news.customerId, parts);
      if (request) await notifyWithin(repositories, parts, request, { order, person });
      if (cartId !== undefined && isReminded(closed))
        await notifications.suppressPending({ cartId }, "the cart was checked out");
    }, signal);
  };

/** Tells the customer of an order of something that happened to it, now or when we learn whose order it is. */
export const makeNotifyOfOrder =
  ({ uow, ...parts }: NotifyDeps) =>
  (request: NotificationRequest & { readonly orderId: string }, { signal, once }: Arrival = {}): Promise<void> =>
    uow.transact(async (repositories) => {
      const recipient = await repositories.recipients.lock({ orderId: request.orderId, once });
      await notifyWithin(repositories, parts, request, recipient);
    }, signal);

const writeWhatWaited = async (
  repositories: Repositories,
  order: KnownOrder,
  customerId: string,
  { clock, unsubscribeLink }: NotifyParts,
): Promise<void> => {
  const now = clock.now();
  const waiting = (await repositories.notifications.lockWaiting({ orderId: order.orderId })).filter(
    (one) => one.customerId === undefined,
  );
  if (waiting.length === 0) return;
  const contact = await repositories.contacts.lockOrOpen(customerId);
  const addressed = waiting.map((one) => ({ ...one, customerId }));
  for (const one of addressed) await repositories.notifications.update(one);
  await writeWaiting(repositories, { notifications: addressed, contact, order, now, unsubscribeLink });
};

/** The cart as it was. */
const closeCartOf = async (
  repositories: Repositories,
  cartId: string,
  { clock }: NotifyParts,
): Promise<Cart | undefined> =>
  (await changeCart(repositories, cartId, (before) => closeCart(before, cartId, clock.now())))?.before;
