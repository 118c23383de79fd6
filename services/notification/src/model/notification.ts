import { defineStateMachine } from "@tandem/kernel";
import type { Category, Channel } from "./channel.ts";
import type { Contact } from "./contact.ts";
import { notResendable } from "./errors.ts";
import { validTimeZone } from "./locale.ts";
import { isTransactional, type Preferences, wants } from "./preferences.ts";
import { endOfQuiet } from "./quiet-hours.ts";
import { renderTemplate, type TemplateDefinition, type TemplateTexts, type Value, type Values } from "./template.ts";

export type NotificationStatus = "WAITING" | "PENDING" | "SENDING" | "SENT" | "FAILED" | "SUPPRESSED";

/** One message to one person by one channel about one event. */
export interface Notification {
  readonly id: string;
  readonly causeEventId: string;
  readonly template: string;
  readonly category: Category;
  readonly channel: Channel;
  /** Whom the event named: `customer:<id>`, or `order:<id>` for whoever's order it is. Part of what makes it one. */
  readonly recipient: string;
  readonly generation: number;
  readonly customerId: string | undefined;
  readonly orderId: string | undefined;
  readonly cartId: string | undefined;
  readonly status: NotificationStatus;
  /** Why it is not sent, or not yet. */
  readonly reason: string;
  readonly variables: Values;
  readonly locale: string;
  readonly address: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly unsubscribeUrl: string;
  readonly attempts: number;
  readonly dueAt: Date;
  readonly providerMessageId: string;
  readonly version: bigint;
  readonly createdAt: Date;
  readonly sentAt: Date | undefined;
}

export const notificationStates = defineStateMachine<NotificationStatus>({
  WAITING: ["PENDING", "FAILED", "SUPPRESSED"],
  PENDING: ["SENDING", "SUPPRESSED"],
  SENDING: ["SENT", "FAILED", "PENDING"],
  SENT: [],
  FAILED: [],
  SUPPRESSED: [],
});

/** What is to be told, before it is known to whom and in which words. */
export interface NotificationRequest {
  readonly causeEventId: string;
  readonly template: TemplateDefinition;
  readonly customerId?: string | undefined;
  readonly orderId?: string | undefined;
  readonly cartId?: string | undefined;
  readonly variables: Values;
}

export const openNotification = (
  { causeEventId, template, customerId, orderId, cartId, variables }: NotificationRequest,
  { id, channel, now }: { readonly id: string; readonly channel: Channel; readonly now: Date },
): Notification => ({
  id,
  causeEventId,
  template: template.name,
  category: template.category,
  channel,
  recipient: customerId === undefined ? `order:${orderId}` : `customer:${customerId}`,
  generation: 0,
  customerId,
  orderId,
  cartId,
  status: "WAITING",
  reason: "",
  variables,
  ...NOT_WRITTEN,
  attempts: 0,
  dueAt: now,
  providerMessageId: "",
  version: 1n,
  createdAt: now,
  sentAt: undefined,
});

const NOT_WRITTEN = { locale: "", address: "", subject: "", text: "", html: "", unsubscribeUrl: "" };

const next = (before: Notification, change: Partial<Notification>): Notification => {
  if (change.status && change.status !== before.status) notificationStates.assert(before.status, change.status);
  return { ...before, ...change, version: before.version + 1n };
};

export interface WritingContext {
  readonly template: TemplateDefinition;
  readonly contact: Contact;
  readonly preferences: Preferences;
  readonly overrides: ReadonlyMap<string, TemplateTexts>;
  /** Names of the order's products, for events that carry ids alone. */
  readonly productNames: ReadonlyMap<string, string>;
  /** Undefined when no link can be made: then nothing is sent that needs one. */
  readonly unsubscribeUrl: string | undefined;
  readonly now: Date;
}

/**
 * Writes a message that waits: to whom, in their language, for the time at which they want it. Still WAITING when there is no address yet;
 * SUPPRESSED when it is not wanted; FAILED when it cannot be written.
 */
export const writeNotification = (before: Notification, context: WritingContext): Notification => {
  const { template, contact, preferences, now } = context;
  const { channel, category } = before;
  if (before.status !== "WAITING" || contact.state === "UNKNOWN") return before;
  const suppress = (reason: string) => next(before, { status: "SUPPRESSED", reason });
  if (contact.state === "ERASED") return next(before, { status: "SUPPRESSED", reason: "erased", variables: {} });
  if (!wants(preferences, category, channel)) return suppress("switched off");
  if (channel === "SMS" && contact.phone === "") return suppress("no phone number");
  const unsubscribeUrl = isTransactional(category) ? undefined : context.unsubscribeUrl;
  if (!isTransactional(category) && unsubscribeUrl === undefined) return suppress("no way to unsubscribe");
  if (channel === "EMAIL" && contact.email === "") return before;
  const timeZone = validTimeZone(contact.timeZone);
  try {
    const written = renderTemplate(template, withProductNames(before.variables, context.productNames), {
      locale: contact.locale,
      timeZone,
      customerName: contact.displayName,
      unsubscribeUrl,
      overrides: context.overrides,
    });
    const quiet = !template.urgent && preferences.quietHours;
    const dueAt = quiet ? endOfQuiet(now, quiet, timeZone) : now;
    return next(before, {
      status: "PENDING",
      reason: dueAt > now ? "quiet hours" : "",
      locale: written.locale,
      dueAt,
      ...(channel === "EMAIL"
        ? { address: contact.email, subject: written.subject, text: written.text, html: written.html }
        : { address: contact.phone, text: written.sms }),
      unsubscribeUrl: unsubscribeUrl ?? "",
    });
  } catch (error) {
    return next(before, { status: "FAILED", reason: `not written: ${error instanceof Error ? error.message : error}` });
  }
};

/** Lines that say only which product get its name; a product that the order does not have is called by its id. */
const withProductNames = (values: Values, names: ReadonlyMap<string, string>): Values => {
  const { lines } = values;
  if (!Array.isArray(lines)) return values;
  const named = (lines as readonly Values[]).map((line): Values => {
    const productId: Value | undefined = line["productId"];
    if (typeof productId !== "string" || line["name"] !== undefined) return line;
    return { ...line, name: names.get(productId) ?? productId };
  });
  return { ...values, lines: named };
};

/** It waited for too long for somebody to be known. */
export const giveUp = (before: Notification, reason: string): Notification =>
  next(before, { status: "FAILED", reason });

/** The same message once more, to be written anew. @throws AppError `notification.not_resendable` */
export const resendOf = (
  before: Notification,
  { id, generation, now }: { readonly id: string; readonly generation: number; readonly now: Date },
): Notification => {
  if (!notificationStates.terminal(before.status)) throw notResendable("it is still under way");
  if (Object.keys(before.variables).length === 0 && before.status === "SUPPRESSED")
    throw notResendable("its person was forgotten");
  if (before.status === "SENT" && before.text === "") throw notResendable("what it said was forgotten");
  return {
    ...before,
    ...NOT_WRITTEN,
    id,
    generation,
    status: "WAITING",
    reason: "",
    attempts: 0,
    dueAt: now,
    providerMessageId: "",
    version: 1n,
    createdAt: now,
    sentAt: undefined,
  };
};
