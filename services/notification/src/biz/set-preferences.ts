import { versionConflict } from "../model/errors.ts";
import { changePreferences, type PreferenceChange, type Preferences, unsubscribe } from "../model/preferences.ts";
import type { NotificationUnitOfWork } from "./ports.ts";

export interface SetPreferencesDeps {
  readonly uow: NotificationUnitOfWork;
}

/** @throws AppError `notification.preference_locked`, `notification.version_conflict` */
export const makeUpdatePreferences =
  ({ uow }: SetPreferencesDeps) =>
  (
    customerId: string,
    change: PreferenceChange & { readonly version: bigint },
    signal?: AbortSignal,
  ): Promise<Preferences> =>
    uow.transact(async ({ preferences, notifications, contacts }) => {
      // The contact's lock: a message is written by the preferences from before or from after, and called back from before.
      const contact = await contacts.lockOrOpen(customerId);
      const before = await preferences.getByCustomerId(customerId);
      if (before.version !== change.version) throw versionConflict("The preferences");
      const after = changePreferences(before, change);
      // Of a forgotten person nothing is stored.
      if (contact.state === "ERASED") return after;
      if (!(await preferences.save(after, before.version))) throw versionConflict("The preferences");
      if (!after.channels.MARKETING.EMAIL) {
        await notifications.suppressPending({ customerId, category: "MARKETING" }, "switched off");
      }
      return after;
    }, signal);

/** No more marketing. Idempotent. */
export const makeUnsubscribe =
  ({ uow }: SetPreferencesDeps) =>
  (customerId: string, signal?: AbortSignal): Promise<void> =>
    uow.transact(async ({ preferences, notifications, contacts }) => {
      const contact = await contacts.lockOrOpen(customerId);
      const before = await preferences.getByCustomerId(customerId);
      const after = unsubscribe(before);
      if (contact.state === "ERASED" || after === before) return;
      if (!(await preferences.save(after, before.version))) throw versionConflict("The preferences");
      await notifications.suppressPending({ customerId, category: "MARKETING" }, "switched off");
    }, signal);
