import { isAppError } from "@tandem/kernel";
import { type Notification, notificationStates } from "./notification.ts";
import { isTransactional } from "./preferences.ts";

export interface DeliveryPolicy {
  /** Tries in all. */
  readonly maxAttempts: number;
  /** Pause after the first failed try; doubles. */
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

const REFUSED_DELAY_MS = 2_000;

const next = (before: Notification, change: Partial<Notification>): Notification => {
  if (change.status) notificationStates.assert(before.status, change.status);
  return { ...before, ...change, version: before.version + 1n };
};

export const delivered = (before: Notification, providerMessageId: string, now: Date): Notification =>
  next(before, { status: "SENT", reason: "", providerMessageId, sentAt: now });

/** The provider was not asked: costs no try. */
export const notTried = (before: Notification, now: Date, reason: string): Notification =>
  next(before, {
    status: "PENDING",
    reason,
    attempts: before.attempts - 1,
    dueAt: new Date(now.getTime() + REFUSED_DELAY_MS),
  });

/** A refusal for good ends it; anything else is tried again after a pause that doubles, until the tries are used up. */
export const failedTry = (
  before: Notification,
  {
    error,
    now,
    policy,
    random,
  }: { readonly error: unknown; readonly now: Date; readonly policy: DeliveryPolicy; readonly random: number },
): Notification => {
  const reason = withoutAddresses(error instanceof Error ? error.message : String(error)).slice(0, 500);
  const final = isAppError(error) && !error.retryable;
  if (final || before.attempts >= policy.maxAttempts) return next(before, { status: "FAILED", reason });
  const doubled = Math.min(policy.minDelayMs * 2 ** Math.min(before.attempts - 1, 20), policy.maxDelayMs);
  // Half of it at random: a thousand messages that failed together do not come back together.
  const delayMs = Math.max(doubled * (0.5 + random / 2), retryAfterOf(error));
  return next(before, { status: "PENDING", reason, dueAt: new Date(now.getTime() + delayMs) });
};

/**
 * Its sender died, and nobody knows whether the message went out. What people need is sent again, with the same Message-ID; an SMS too, as
 * its provider knows the id of a message it has taken. Marketing is not: rather none than two.
 */
export const abandoned = (before: Notification, now: Date, policy: DeliveryPolicy): Notification => {
  const repeatable = isTransactional(before.category) || before.channel === "SMS";
  if (!repeatable) return next(before, { status: "FAILED", reason: "its sender died; it may have been sent" });
  if (before.attempts >= policy.maxAttempts)
    return next(before, { status: "FAILED", reason: "its senders keep dying" });
  return next(before, { status: "PENDING", reason: "its sender died; it may have been sent", dueAt: now });
};

/** Mail servers repeat whom they refuse; the reason is published, the address is nobody's business. */
const withoutAddresses = (text: string): string => text.replace(/[^\s<>@]+@[^\s<>@]+/g, "(address)");

const retryAfterOf = (error: unknown): number => {
  const { cause } = error as { cause?: { retryAfterMs?: unknown } };
  const wanted = cause?.retryAfterMs;
  return typeof wanted === "number" && wanted > 0 ? Math.min(wanted, 3_600_000) : 0;
};
