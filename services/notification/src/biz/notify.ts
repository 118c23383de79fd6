import type { Clock } from "@tandem/kernel";
import type { Channel } from "../model/channel.ts";
import type { KnownOrder } from "../model/known-order.ts";
import { type NotificationRequest, openNotification } from "../model/notification.ts";
import type { Arrival, LockedPerson, NotificationUnitOfWork, Repositories, UnsubscribeLink } from "./ports.ts";
import { createWritten, writeMessages } from "./write-waiting.ts";

export interface NotifyDeps {
  readonly uow: NotificationUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Those that there is a provider for. */
  readonly channels: ReadonlySet<Channel>;
  readonly unsubscribeLink: UnsubscribeLink;
}

/** A request that may be one of many alike. */
export interface CustomerRequest extends NotificationRequest {
  readonly customerId: string;
  /** Of the same kind to the same person, one within so long. Absent: each. */
  readonly onceInMs?: number;
}

export type NotifyParts = Omit<NotifyDeps, "uow">;

/** What is locked already of those whom a message is for. */
export interface Recipient {
  readonly order?: KnownOrder | undefined;
  readonly person?: LockedPerson | undefined;
}

/** Opens a message for each channel of the template, once per event, and writes it when its person is known. Part of a transaction. */
export const notifyWithin = async (
  repositories: Repositories,
  { clock, newId, channels, unsubscribeLink }: NotifyParts,
  request: NotificationRequest,
  { order, person: locked }: Recipient = {},
): Promise<void> => {
  const now = clock.now();
  const customerId = request.customerId ?? order?.customerId;
  // The contact's lock before the row: whoever brings the contact sees the message, or we see the contact.
  const person =
    locked || customerId === undefined ? locked : (await repositories.recipients.lock({ customerId })).person;
  const opened = request.template.channels
    .filter((channel) => channels.has(channel))
    .map((channel) => ({ ...openNotification(request, { id: newId(), channel, now }), customerId }));
  const written = person
    ? await writeMessages(repositories, { notifications: opened, ...person, order, now, unsubscribeLink })
    : opened;
  for (const one of written) {
    // An SMS that nobody asked for is nothing to remember.
    if (one.channel === "SMS" && one.status === "SUPPRESSED") continue;
    await createWritten(repositories, one, now);
  }
};

/** Tells a person of something that its event knows the person of. Idempotent by event. */
export const makeNotifyCustomer =
  ({ uow, ...parts }: NotifyDeps) =>
  ({ onceInMs, ...request }: CustomerRequest, { signal, once }: Arrival = {}): Promise<void> =>
    uow.transact(async (repositories) => {
      // The contact's lock: of two at once the second sees the first.
      const recipient = await repositories.recipients.lock({ customerId: request.customerId, once });
      if (onceInMs !== undefined) {
        const since = new Date(parts.clock.now().getTime() - onceInMs);
        if (await repositories.notifications.hasSince(request.customerId, request.template.name, since)) return;
      }
      await notifyWithin(repositories, parts, request, recipient);
    }, signal);
