import type { Outbox } from "@tandem/messaging";
import { type Database, makeUnitOfWork } from "@tandem/postgres";
import type { NotificationUnitOfWork } from "../biz/ports.ts";
import { toOutgoingEvent } from "../events/to-outgoing-event.ts";
import { makeCartRepository } from "./cart-repository.ts";
import { makeContactRepository } from "./contact-repository.ts";
import { makeNotificationRepository } from "./notification-repository.ts";
import { makeOrderRepository } from "./order-repository.ts";
import { makePreferenceRepository } from "./preference-repository.ts";
import { makeTemplateOverrideRepository } from "./template-override-repository.ts";

/** @param onDue called after a commit that left something to send: the worker of this process need not poll for it */
export const makeNotificationUnitOfWork = (
  database: Database,
  outbox: Outbox,
  onDue: () => void = () => {},
): NotificationUnitOfWork =>
  makeUnitOfWork(database, (tx) => ({
    notifications: makeNotificationRepository(tx, onDue),
    contacts: makeContactRepository(tx),
    orders: makeOrderRepository(tx),
    carts: makeCartRepository(tx),
    preferences: makePreferenceRepository(tx),
    overrides: makeTemplateOverrideRepository(tx),
    outbox: { add: (...events) => outbox.in(tx).add(...events.map(toOutgoingEvent)) },
  }));
