import { notResendable } from "../model/errors.ts";
import { type Notification, resendOf } from "../model/notification.ts";
import type { NotifyDeps } from "./notify.ts";
import { createWritten, writeMessages } from "./write-waiting.ts";

/**
 * Writes a message once more, as a new one about the same event: with today's address, text and preferences.
 * @throws AppError `notification.not_found`, `notification.not_resendable`
 */
export const makeResendNotification =
  ({ uow, clock, newId, unsubscribeLink }: NotifyDeps) =>
  (notificationId: string, signal?: AbortSignal): Promise<Notification> =>
    uow.transact(async (repositories) => {
      const { notifications, contacts, orders } = repositories;
      const seen = await notifications.getById(notificationId);
      if (seen.customerId === undefined) throw notResendable("nobody knows whom it was for");
      const order = seen.orderId === undefined ? undefined : await orders.lockOrOpen(seen.orderId);
      const contact = await contacts.lockOrOpen(seen.customerId);
      if (contact.state === "ERASED") throw notResendable("its person was forgotten");
      const now = clock.now();
      const generation = await notifications.countGenerations(seen);
      const again = resendOf(seen, { id: newId(), generation, now });
      const [written = again] = await writeMessages(repositories, {
        notifications: [again],
        contact,
        order,
        now,
        unsubscribeLink,
      });
      await createWritten(repositories, written, now);
      return written;
    }, signal);
