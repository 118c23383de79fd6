import { type Contact, type ContactFacts, erase, register, update } from "../model/contact.ts";
import type { KnownOrder } from "../model/known-order.ts";
import type { NotificationRequest } from "../model/notification.ts";
import { type NotifyDeps, type NotifyParts, notifyWithin } from "./notify.ts";
import type { Repositories } from "./ports.ts";
import { writeWaiting } from "./write-waiting.ts";

/** A new account: its address, and a welcome. Changes nothing that the profile has said already. */
export const makeRegisterContact =
  ({ uow, ...parts }: NotifyDeps) =>
  (
    {
      customerId,
      facts,
      welcome,
    }: {
      readonly customerId: string;
      readonly facts: Pick<ContactFacts, "email" | "displayName" | "locale">;
      readonly welcome: NotificationRequest;
    },
    signal?: AbortSignal,
  ): Promise<void> =>
    uow.transact(async (repositories) => {
      const before = await repositories.contacts.lockOrOpen(customerId);
      await saveContact(repositories, before, register(before, facts), parts);
      await notifyWithin(repositories, parts, welcome);
    }, signal);

/** The profile, in any order: the highest version counts. What waited for an address is written. */
export const makeUpdateContact =
  ({ uow, ...parts }: NotifyDeps) =>
  (customerId: string, version: bigint, facts: ContactFacts, signal?: AbortSignal): Promise<void> =>
    uow.transact(async (repositories) => {
      const before = await repositories.contacts.lockOrOpen(customerId);
      await saveContact(repositories, before, update(before, version, facts), parts);
    }, signal);

/** Forgets a person for good: address, preferences, and what was written to them. Later news about them change nothing. */
export const makeEraseContact =
  ({ uow }: Pick<NotifyDeps, "uow">) =>
  (customerId: string, version: bigint, signal?: AbortSignal): Promise<void> =>
    uow.transact(async ({ contacts, notifications, preferences }) => {
      const before = await contacts.lockOrOpen(customerId);
      await contacts.update(erase(before, version));
      await notifications.blankByCustomer(customerId);
      await preferences.delete(customerId);
    }, signal);

const saveContact = async (
  repositories: Repositories,
  before: Contact,
  after: Contact,
  { clock, unsubscribeLink }: NotifyParts,
): Promise<void> => {
  if (after === before) return;
  const { contacts, notifications, orders } = repositories;
  await contacts.update(after);
  await notifications.readdressPending(after.customerId, { EMAIL: after.email, SMS: after.phone });
  const now = clock.now();
  const waiting = await notifications.lockWaiting({ customerId: after.customerId });
  const known = new Map<string, KnownOrder>();
  for (const { orderId } of waiting) {
    if (orderId !== undefined && !known.has(orderId)) known.set(orderId, await orders.getById(orderId));
  }
  for (const one of waiting) {
    const order = one.orderId === undefined ? undefined : known.get(one.orderId);
    await writeWaiting(repositories, { notifications: [one], contact: after, order, now, unsubscribeLink });
  }
};
