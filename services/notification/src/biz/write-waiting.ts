import type { Contact } from "../model/contact.ts";
import { type KnownOrder, productNamesOf } from "../model/known-order.ts";
import { type Notification, writeNotification } from "../model/notification.ts";
import { templateNamed } from "../model/templates/template-catalogue.ts";
import type { Repositories, UnsubscribeLink } from "./ports.ts";

export interface WriteWaitingInput {
  readonly notifications: readonly Notification[];
  /** Locked by this transaction. */
  readonly contact: Contact;
  /** Of those that are about an order whose lines they need. */
  readonly order?: KnownOrder | undefined;
  readonly now: Date;
  readonly unsubscribeLink: UnsubscribeLink;
}

/** Writes messages whose contact is locked, stores what became of them and announces those that cannot be written. */
export const writeWaiting = async (
  { notifications, preferences, overrides, outbox }: Repositories,
  { notifications: waiting, contact, order, now, unsubscribeLink }: WriteWaitingInput,
): Promise<readonly Notification[]> => {
  if (waiting.length === 0 || contact.state === "UNKNOWN") return waiting;
  const wanted = await preferences.getByCustomerId(contact.customerId);
  const written: Notification[] = [];
  for (const before of waiting) {
    const after = writeNotification(before, {
      template: templateNamed(before.template),
      contact,
      preferences: wanted,
      overrides: new Map((await overrides.listCurrent(before.template)).map((one) => [one.locale, one])),
      productNames: order ? productNamesOf(order) : new Map(),
      unsubscribeUrl: unsubscribeLink(contact.customerId),
      now,
    });
    if (after !== before) await notifications.update(after);
    if (after.status === "FAILED") await outbox.add({ type: "notification.failed", notification: after, at: now });
    written.push(after);
  }
  return written;
};
