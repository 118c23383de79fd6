import { closeCart } from "../model/cart.ts";
import { type KnownOrder, learnOrder } from "../model/known-order.ts";
import type { NotificationRequest } from "../model/notification.ts";
import { type NotifyDeps, type NotifyParts, notifyWithin } from "./notify.ts";
import type { Repositories } from "./ports.ts";
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
  ({ uow, ...parts }: NotifyDeps) =>
  (news: OrderNews, request: NotificationRequest | undefined, signal?: AbortSignal): Promise<void> =>
    uow.transact(async (repositories) => {
      const { orders } = repositories;
      const before = await orders.lockOrOpen(news.orderId);
      const { cartId, ...facts } = news;
      const order = learnOrder(before, facts);
      if (news.version > before.version) await orders.update(order);
      // Locks: order, cart, contact, notification; everywhere.
      const closes = cartId !== undefined && before.customerId === undefined;
      if (closes) await closeCartOf(repositories, cartId, parts);
      if (before.customerId === undefined) await writeWhatWaited(repositories, order, news.customerId, parts);
      if (request) await notifyWithin(repositories, parts, request, order);
      if (closes) await repositories.notifications.suppressPending({ cartId }, "the cart was checked out");
    }, signal);

/** Tells the customer of an order of something that happened to it, now or when we learn whose order it is. */
export const makeNotifyOfOrder =
  ({ uow, ...parts }: NotifyDeps) =>
  (request: NotificationRequest & { readonly orderId: string }, signal?: AbortSignal): Promise<void> =>
    uow.transact(async (repositories) => {
      const order = await repositories.orders.lockOrOpen(request.orderId);
      await notifyWithin(repositories, parts, request, order);
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

const closeCartOf = async ({ carts }: Repositories, cartId: string, { clock }: NotifyParts): Promise<void> =>
  carts.save(closeCart(await carts.lockById(cartId), cartId, clock.now()));
