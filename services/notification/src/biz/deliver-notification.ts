import { type Clock, isAppError } from "@tandem/kernel";
import type { Channel } from "../model/channel.ts";
import { type DeliveryPolicy, delivered, failedTry, notTried } from "../model/delivery.ts";
import type { Notification } from "../model/notification.ts";
import type { NotificationEvent } from "../model/notification-events.ts";
import { secretOf } from "../model/template.ts";
import { templateNamed } from "../model/templates/template-catalogue.ts";
import type { DeliveryLog, LeasedNotification, MessageSender } from "./ports.ts";

export interface DeliverNotificationDeps {
  readonly deliveries: DeliveryLog;
  readonly senders: ReadonlyMap<Channel, MessageSender>;
  readonly clock: Clock;
  /** Longest that one send may take in all; well below the lease. */
  readonly sendTimeoutMs: number;
  readonly policy: DeliveryPolicy;
  /** How long the mark is tried again while the database is away: a message that went out is to be known as such. Default 30 000. */
  readonly markWithinMs?: number;
  /** Told of a message that is not tried again, and why. */
  readonly onGivenUp?: (notification: Notification, error: unknown) => void;
  /** For fault suites: called between the provider's answer and the commit. */
  readonly beforeMark?: (notification: Notification) => Promise<void> | void;
}

export type DeliveryOutcome = "sent" | "failed" | "postponed" | "refused" | "stale";

/**
 * Hands one leased message to its provider, outside of any transaction, and commits what came of it with its event. A sender whose lease
 * ran out meanwhile writes nothing. What dies between the provider's answer and the commit leaves the message SENDING: `delivery-retry`
 * decides about it when the lease is over.
 */
export const makeDeliverNotification =
  ({
    deliveries,
    senders,
    clock,
    sendTimeoutMs,
    policy,
    markWithinMs = 30_000,
    onGivenUp,
    beforeMark,
  }: DeliverNotificationDeps) =>
  async ({ notification: before, token }: LeasedNotification): Promise<DeliveryOutcome> => {
    const commitOnce = async (after: Notification, outcome: DeliveryOutcome): Promise<DeliveryOutcome> =>
      (await deliveries.finish(token, after, eventOf(after, clock.now()))) ? outcome : "stale";
    const commit = async (after: Notification, outcome: DeliveryOutcome): Promise<DeliveryOutcome> => {
      const until = performance.now() + markWithinMs;
      for (let delayMs = 100; ; delayMs = Math.min(delayMs * 2, 2_000)) {
        try {
          return await commitOnce(after, outcome);
        } catch (error) {
          if (!isAppError(error) || !error.retryable || performance.now() + delayMs > until) throw error;
          await new Promise((resolve) => setTimeout(resolve, delayMs));
        }
      }
    };
    const sender = senders.get(before.channel);
    if (!sender) return commit(notTried(before, clock.now(), "no provider for this channel"), "refused");
    let providerMessageId: string;
    try {
      // Not the worker's stop: a message half sent is worse than a stop that takes a moment longer.
      const secretId = secretOf(templateNamed(before.template), before.variables);
      providerMessageId = await sender.send({ ...before, secretId }, AbortSignal.timeout(sendTimeoutMs));
    } catch (error) {
      if (isAppError(error, "circuit.open"))
        return commit(notTried(before, clock.now(), "the provider is left alone"), "refused");
      const after = failedTry(before, { error, now: clock.now(), policy, random: Math.random() });
      if (after.status !== "FAILED") return commit(after, "postponed");
      onGivenUp?.(before, error);
      return commit(after, "failed");
    }
    await beforeMark?.(before);
    return commit(delivered(before, providerMessageId, clock.now()), "sent");
  };

const eventOf = (notification: Notification, at: Date): NotificationEvent | undefined => {
  if (notification.status === "SENT") return { type: "notification.sent", notification, at };
  return notification.status === "FAILED" ? { type: "notification.failed", notification, at } : undefined;
};
