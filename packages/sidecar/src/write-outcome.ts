import type { Logger } from "@tandem/runtime";
import type { ClaimedDelivery } from "./claim-deliveries.ts";
import type { DeliveryOutcome, Subscription } from "./deliver-messages.ts";
import type { FaultInjector } from "./faults.ts";
import type { MessageLog } from "./message-log.ts";

export interface OutcomeOptions {
  readonly log: Logger;
  readonly messages: Pick<MessageLog, "acknowledge" | "reschedule" | "deadLetter">;
  readonly faults: FaultInjector;
}

/**
 * Writes what became of a delivery: gone, due again, or moved to the dead-letter topic. @returns in how many milliseconds it is due again, if it is
 * @throws what storage says: then the message is there as before
 */
export const createOutcomeWriter = ({ log, messages, faults }: OutcomeOptions) => {
  const bury = async ({ topic, deadLetterTopic }: Subscription, delivery: ClaimedDelivery, reason: string) => {
    const { messageId } = delivery;
    if (deadLetterTopic === "") {
      log.warn({ topic, messageId, reason }, "message lost: the subscription has no dead-letter topic");
      return messages.acknowledge(delivery);
    }
    log.info({ topic, deadLetterTopic, messageId, reason }, "message goes to the dead-letter topic");
    return messages.deadLetter(delivery, deadLetterTopic);
  };

  return async (
    subscription: Subscription,
    delivery: ClaimedDelivery,
    outcome: DeliveryOutcome,
  ): Promise<number | undefined> => {
    if (outcome === "success") {
      if (!faults.hits("dropAck")) return void (await messages.acknowledge(delivery));
      await messages.reschedule(delivery, 50, false);
      return 50;
    }
    if (outcome === "drop") return void (await bury(subscription, delivery, "dropped by the app"));
    const failures = delivery.attempt + 1;
    if (failures > subscription.retry.maxRetries)
      return void (await bury(subscription, delivery, `${failures} tries failed`));
    const delayMs = subscription.retry.delayMs(failures);
    await messages.reschedule(delivery, delayMs, true);
    return delayMs;
  };
};
