import { AppError } from "@tandem/kernel";
import { type Contact, type ContactFacts, erase, register, update } from "../model/contact.ts";
import type { KnownOrder } from "../model/known-order.ts";
import type { NotificationRequest } from "../model/notification.ts";
import { type NotifyDeps, type NotifyParts, notifyWithin } from "./notify.ts";
import type { Arrival, InboxRow, LockedPerson, Repositories } from "./ports.ts";
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
    { signal, once }: Arrival = {},
  ): Promise<void> =>
    uow.transact(async (repositories) => {
      const person = await lockPerson(repositories, customerId, once);
      const contact = register(person.contact, facts);
      await saveContact(repositories, person, contact, parts);
      await notifyWithin(repositories, parts, welcome, { person: { ...person, contact } });
    }, signal);

/** The profile, in any order: the highest version counts. What waited for an address is written. */
export const makeUpdateContact =
  ({ uow, ...parts }: NotifyDeps) =>
  (customerId: string, version: bigint, facts: ContactFacts, { signal, once }: Arrival = {}): Promise<void> =>
    uow.transact(async (repositories) => {
      const person = await lockPerson(repositories, customerId, once);
      await saveContact(repositories, person, update(person.contact, version, facts), parts);
    }, signal);

/** Forgets a person for good: address, preferences, and what was written to them. Later news about them change nothing. */
export const makeEraseContact =
  ({ uow }: Pick<NotifyDeps, "uow">) =>
  (customerId: string, version: bigint, { signal, once }: Arrival = {}): Promise<void> =>
    uow.transact(async (repositories) => {
      const { contacts, notifications, preferences } = repositories;
      const { contact } = await lockPerson(repositories, customerId, once);
      await contacts.update(erase(contact, version));
      await notifications.blankByCustomer(customerId);
      await preferences.delete(customerId);
    }, signal);

const lockPerson = async ({ recipients }: Repositories, customerId: string, once?: InboxRow): Promise<LockedPerson> => {
  const { person } = await recipients.lock({ customerId, once });
  if (!person) throw new AppError("internal", "notification.contact_missing", "A contact is locked and not there.");
  return person;
};

const saveContact = async (
  repositories: Repositories,
  { contact: before, opened }: LockedPerson,
  after: Contact,
  { clock, unsubscribeLink }: NotifyParts,
): Promise<void> => {
  if (after === before) return;
  const { contacts, notifications, orders } = repositories;
  await contacts.update(after);
  // Whatever is for somebody has locked, and so opened, their contact.
  if (opened) return;
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
