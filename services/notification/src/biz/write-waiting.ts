import type { Contact } from "../model/contact.ts";
import { type KnownOrder, productNamesOf } from "../model/known-order.ts";
import { type Notification, writeNotification } from "../model/notification.ts";
import type { Preferences } from "../model/preferences.ts";
import { templateNamed } from "../model/templates/template-catalogue.ts";
import type { Repositories, UnsubscribeLink } from "./ports.ts";

export interface WriteInput {
  readonly notifications: readonly Notification[];
  /** Locked by this transaction. */
  readonly contact: Contact;
  /** Read under that lock; asked for where they are not given. */
  readonly preferences?: Preferences | undefined;
  /** Of those that are about an order whose lines they need. */
  readonly order?: KnownOrder | undefined;
  readonly now: Date;
  readonly unsubscribeLink: UnsubscribeLink;
}

/** Writes messages whose contact is locked. Stores nothing. */
export const writeMessages = async (
  { preferences, overrides }: Repositories,
  { notifications: waiting, contact, order, now, unsubscribeLink, ...known }: WriteInput,
): Promise<readonly Notification[]> => {
  if (waiting.length === 0 || contact.state === "UNKNOWN") return waiting;
  const wanted = known.preferences ?? (await preferences.getByCustomerId(contact.customerId));
  const written: Notification[] = [];
  for (const before of waiting) {
    written.push(
      writeNotification(before, {
        template: templateNamed(before.template),
        contact,
        preferences: wanted,
        overrides: new Map((await overrides.listCurrent(before.template)).map((one) => [one.locale, one])),
        productNames: order ? productNamesOf(order) : new Map(),
        unsubscribeUrl: unsubscribeLink(contact.customerId),
        now,
      }),
    );
  }
  return written;
};

/** Stores a new message as it is written, unless there is this message already, and announces one that cannot be written. */
export const createWritten = async (
  { notifications, outbox }: Repositories,
  notification: Notification,
  at: Date,
): Promise<void> => {
  if (notification.status !== "FAILED") notifications.createAtCommit(notification);
  else if (await notifications.createIfAbsent(notification))
    await outbox.add({ type: "notification.failed", notification, at });
};

/** Writes messages that waited, stores what became of them and announces those that cannot be written. */
export const writeWaiting = async (repositories: Repositories, input: WriteInput): Promise<readonly Notification[]> => {
  const written = await writeMessages(repositories, input);
  for (const [at, after] of written.entries()) {
    if (after !== input.notifications[at]) await repositories.notifications.update(after);
    if (after.status === "FAILED")
      await repositories.outbox.add({ type: "notification.failed", notification: after, at: input.now });
  }
  return written;
};
