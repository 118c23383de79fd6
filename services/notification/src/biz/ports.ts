import type { UnitOfWork } from "@tandem/kernel";
import type { Cart } from "../model/cart.ts";
import type { Category, Channel } from "../model/channel.ts";
import type { Contact } from "../model/contact.ts";
import type { KnownOrder } from "../model/known-order.ts";
import type { Notification, NotificationStatus } from "../model/notification.ts";
import type { NotificationEvent } from "../model/notification-events.ts";
import type { Preferences } from "../model/preferences.ts";
import type { TemplateTexts } from "../model/template.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly nextCursor?: string | undefined;
  /** All that match; only on pages asked for by offset. */
  readonly total?: number | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly offset?: number | undefined;
}

export interface NotificationCriteria {
  readonly customerId?: string | undefined;
  readonly orderId?: string | undefined;
  readonly status?: NotificationStatus | undefined;
}

/** Reads outside a transaction. */
export interface NotificationReader {
  /** @throws AppError `notification.not_found` */
  getById(notificationId: string): Promise<Notification>;
  listByCriteria(criteria: NotificationCriteria, page: PageRequest): Promise<Page<Notification>>;
}

/** Which waiting messages. */
export type Waiting = { readonly orderId: string } | { readonly customerId: string };

export interface NotificationRepository {
  /** False when there is this message already: the event was told before. */
  createIfAbsent(notification: Notification): Promise<boolean>;
  /** The same for whom it does not matter: written with the commit, so that nobody waits for the locks while it is. */
  createAtCommit(notification: Notification): void;
  /** @throws AppError `notification.not_found` */
  getById(notificationId: string): Promise<Notification>;
  lockById(notificationId: string): Promise<Notification | undefined>;
  lockWaiting(of: Waiting): Promise<readonly Notification[]>;
  /** Ids of messages that wait since before `before`, or for somebody who is known by now. */
  listWaitingToReview(before: Date, limit: number): Promise<readonly string[]>;
  /** Messages of this kind and cause so far: the next generation. */
  countGenerations(notification: Notification): Promise<number>;
  update(notification: Notification): Promise<void>;
  /** Calls back what waits to be sent and is no longer wanted. Returns how many. */
  suppressPending(
    of: { readonly cartId: string } | { readonly customerId: string; readonly category: Category },
    reason: string,
  ): Promise<number>;
  /** A new address for what is not sent yet. */
  readdressPending(customerId: string, addresses: Readonly<Record<Channel, string>>): Promise<void>;
  /** Blanks everything that names the person; what was not sent will not be. */
  blankByCustomer(customerId: string): Promise<void>;
  /** Whether the person was (or is to be) told the same since then. The contact must have been locked in this transaction. */
  hasSince(customerId: string, template: string, since: Date): Promise<boolean>;
  /** Forgets what was written in ended messages from before; the rest of them stays. At most `limit`; returns how many. */
  forgetTexts(before: Date, limit: number): Promise<number>;
  /** Messages whose sender has died, locked. */
  lockAbandoned(limit: number): Promise<readonly Notification[]>;
}

export interface ContactRepository {
  /** Locks the row until the end of the transaction; an unknown one is opened as UNKNOWN. Who comes later waits: nobody is overlooked. */
  lockOrOpen(customerId: string): Promise<Contact>;
  update(contact: Contact): Promise<void>;
}

export interface OrderRepository {
  /** Locks the row; an unknown one is opened. Before the contact, everywhere. */
  lockOrOpen(orderId: string): Promise<KnownOrder>;
  /** Without a lock, for who has locked the contact already; an unknown one is empty. */
  getById(orderId: string): Promise<KnownOrder>;
  update(order: KnownOrder): Promise<void>;
}

/** The inbox row of the event in hand: written by the first statement that the event leads to, and a duplicate goes no further. */
export interface InboxRow {
  readonly consumer: string;
  readonly eventId: string;
  written(fresh: boolean): void;
}

/** How an event came: what ends its handling, and its inbox row, where the caller leaves it to the first statement. */
export interface Arrival {
  readonly signal?: AbortSignal | undefined;
  readonly once?: InboxRow | undefined;
}

/** A contact, locked, and what they want to hear. */
export interface LockedPerson {
  readonly contact: Contact;
  readonly preferences: Preferences;
  /** Nobody had heard of them before: nothing waits for them. */
  readonly opened: boolean;
}

export interface RecipientRepository {
  /**
   * Locks the order, then the contact (of the order, or the one named), each opened where it is unknown, and reads what they want to hear after that;
   * all in one statement, with the event's inbox row. No person where nobody knows whose the order is.
   */
  lock(whom: {
    readonly orderId?: string | undefined;
    readonly customerId?: string | undefined;
    readonly once?: InboxRow | undefined;
  }): Promise<{ readonly order?: KnownOrder; readonly person?: LockedPerson }>;
}

/** Events that are done with one statement, inbox row and all; false: with nothing written, there is more to do. */
export interface EventShortcuts {
  /** Whose the order is, and the names of these lines, are known. */
  isKnown(order: Pick<KnownOrder, "orderId" | "lines">, once: InboxRow, signal?: AbortSignal): Promise<boolean>;
  /** The cart is new, or newer than an open one of which nobody was reminded; it is taken over. */
  takeCart(cart: Cart, once: InboxRow, signal?: AbortSignal): Promise<boolean>;
}

export interface CartRepository {
  /** Locks the row; an unknown one is undefined, and may be there by the time it is created. */
  lockById(cartId: string): Promise<Cart | undefined>;
  /** False when somebody was faster. */
  createIfAbsent(cart: Cart): Promise<boolean>;
  /** The row must have been locked in this transaction. */
  update(cart: Cart): Promise<void>;
  /** Locks up to `limit` open carts of customers, not reminded of, last changed within the times. */
  lockIdle(within: { readonly from: Date; readonly to: Date }, limit: number): Promise<readonly Cart[]>;
}

export interface PreferenceReader {
  getByCustomerId(customerId: string): Promise<Preferences>;
}

export interface PreferenceRepository extends PreferenceReader {
  /** False when somebody was faster. */
  save(after: Preferences, beforeVersion: bigint): Promise<boolean>;
  delete(customerId: string): Promise<void>;
}

export interface TemplateOverride extends TemplateTexts {
  readonly name: string;
  readonly locale: string;
  readonly version: number;
  readonly updatedBy: string;
  readonly updatedAt: Date;
}

export interface TemplateOverrideReader {
  /** The newest version of each locale. Without a name: of every template. */
  listCurrent(name?: string): Promise<readonly TemplateOverride[]>;
}

export interface TemplateOverrideRepository extends TemplateOverrideReader {
  /** False when there is this version already. */
  createIfAbsent(override: TemplateOverride): Promise<boolean>;
}

export interface OutboxPort {
  add(...events: readonly NotificationEvent[]): Promise<void>;
}

export interface Repositories {
  readonly notifications: NotificationRepository;
  readonly contacts: ContactRepository;
  readonly orders: OrderRepository;
  readonly recipients: RecipientRepository;
  readonly carts: CartRepository;
  readonly preferences: PreferenceRepository;
  readonly overrides: TemplateOverrideRepository;
  readonly outbox: OutboxPort;
}

export type NotificationUnitOfWork = UnitOfWork<Repositories>;

/** A message that this worker may send until its lease runs out. */
export interface LeasedNotification {
  readonly notification: Notification;
  readonly token: bigint;
  readonly traceparent: string | undefined;
}

export interface DeliveryQueue {
  /** Takes up to `limit` due messages of these channels: SENDING, one more attempt, leased by the database's clock. */
  claim(request: {
    readonly limit: number;
    readonly leaseMs: number;
    readonly now: Date;
    readonly channels: readonly Channel[];
  }): Promise<readonly LeasedNotification[]>;
}

export interface DeliveryLog {
  /** Writes what became of a leased message, with the event that tells of it, in one statement. False when the lease is another's by now: then nothing is written. */
  finish(token: bigint, notification: Notification, event: NotificationEvent | undefined): Promise<boolean>;
}

export interface OutgoingMessage {
  /** Stable over all tries: what a receiver may tell duplicates by. */
  readonly id: string;
  readonly address: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly unsubscribeUrl: string;
  /** What is asked for at the last moment, and put in where its mark stands. */
  readonly secretId?: string | undefined;
}

/** Hands a message to somebody who delivers it. */
export interface MessageSender {
  /**
   * Resolves with the provider's id when the message is taken.
   * @throws AppError `notification.rejected`: never. Anything else: perhaps later; `retryAfterMs` in its cause says when.
   */
  send(message: OutgoingMessage, signal: AbortSignal): Promise<string>;
}

/** A secret and the only address that it may go to. @throws AppError not retryable when there is nothing to be sent any more */
export type AskForSecret = (
  secretId: string,
  signal: AbortSignal,
) => Promise<{ readonly secret: string; readonly address: string }>;

/** Makes the link at the foot of marketing; undefined when none can be made. */
export type UnsubscribeLink = (customerId: string) => string | undefined;
