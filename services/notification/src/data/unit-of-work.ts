import type { Outbox } from "@tandem/messaging";
import { type Database, makeUnitOfWork, type Transaction } from "@tandem/postgres";
import type { NotificationUnitOfWork, TemplateOverrideRepository } from "../biz/ports.ts";
import { toOutgoingEvent } from "../events/to-outgoing-event.ts";
import { makeCartRepository } from "./cart-repository.ts";
import { makeContactRepository } from "./contact-repository.ts";
import { makeNotificationRepository } from "./notification-repository.ts";
import { makeOrderRepository } from "./order-repository.ts";
import { makePreferenceRepository } from "./preference-repository.ts";
import { makeRecipientRepository } from "./recipient-repository.ts";
import { makeTemplateOverrideRepository, type OverrideCache } from "./template-override-repository.ts";

export interface NotificationUnitOfWorkOptions {
  /** Called after a commit that left something to send: the worker of this process need not poll for it. */
  readonly onDue?: () => void;
  /** Spares most transactions the question for staff's texts. */
  readonly overrideCache?: OverrideCache;
}

export const makeNotificationUnitOfWork = (
  database: Database,
  outbox: Outbox,
  { onDue = () => {}, overrideCache = (reader) => reader }: NotificationUnitOfWorkOptions = {},
): NotificationUnitOfWork =>
  makeUnitOfWork(database, (tx) => ({
    notifications: makeNotificationRepository(tx, onDue),
    contacts: makeContactRepository(tx),
    orders: makeOrderRepository(tx),
    recipients: makeRecipientRepository(tx),
    carts: makeCartRepository(tx),
    preferences: makePreferenceRepository(tx),
    overrides: cachedOverrides(tx, overrideCache),
    outbox: { add: (...events) => outbox.in(tx).add(...events.map(toOutgoingEvent)) },
  }));

const cachedOverrides = (tx: Transaction, cache: OverrideCache): TemplateOverrideRepository => {
  const repository = makeTemplateOverrideRepository(tx);
  return { ...repository, ...cache(repository) };
};
