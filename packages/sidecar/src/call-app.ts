import { Code, ConnectError } from "@connectrpc/connect";
import { TopicEventStatus, type TopicSubscription } from "@tandem/dapr/protocol";
import type { Logger } from "@tandem/runtime";
import type { ClaimedDelivery } from "./claim-deliveries.ts";
import { type CloudEvent, hasExpired, toDeliveredEvent } from "./cloud-event.ts";
import type { AppChannel } from "./connect-to-app.ts";
import type { DeliveryOutcome } from "./deliver-messages.ts";

export interface CallAppOptions {
  readonly channel: AppChannel;
  readonly log: Logger;
  readonly timeoutMs: number;
  /** Told when the app could not be reached, so that its health is looked at right away. */
  readonly onUnreachable: () => void;
}

type Deliver = (messages: readonly ClaimedDelivery[]) => Promise<readonly DeliveryOutcome[]>;

const OUTCOMES: Record<TopicEventStatus, DeliveryOutcome> = {
  [TopicEventStatus.SUCCESS]: "success",
  [TopicEventStatus.RETRY]: "retry",
  [TopicEventStatus.DROP]: "drop",
};

/** Delivers one message by `OnTopicEvent`, several by `OnBulkTopicEvent`: one by one if the app does not know that. */
export const callApp = (subscription: TopicSubscription, options: CallAppOptions): Deliver => {
  const one = deliverOne(subscription, options);
  const bulk = deliverBulk(subscription, options);
  let knowsBulk = true;
  return async (messages) => {
    const inBulk = knowsBulk && (messages.length > 1 || subscription.bulkSubscribe?.enabled === true);
    const outcomes = inBulk ? await bulk(messages) : undefined;
    if (outcomes !== undefined) return outcomes;
    if (inBulk) knowsBulk = false;
    return Promise.all(messages.map(one));
  };
};

const deliverOne = ({ topic, pubsubName }: TopicSubscription, options: CallAppOptions) => {
  const { channel, timeoutMs } = options;
  return async (message: ClaimedDelivery): Promise<DeliveryOutcome> => {
    const event = JSON.parse(message.event) as CloudEvent;
    if (hasExpired(event)) return "drop";
    try {
      const request = { ...toDeliveredEvent(event), topic, pubsubName };
      const { status } = await channel.callback.onTopicEvent(request, {
        headers: headersOf(channel, event),
        timeoutMs,
      });
      return OUTCOMES[status] ?? "retry";
    } catch (error) {
      return judge(error, topic, options);
    }
  };
};

const deliverBulk = ({ topic, pubsubName }: TopicSubscription, options: CallAppOptions) => {
  const { channel, timeoutMs } = options;
  return async (messages: readonly ClaimedDelivery[]): Promise<readonly DeliveryOutcome[] | undefined> => {
    const entries = messages.map(({ event }, index) => ({
      entryId: String(index),
      event: { case: "cloudEvent" as const, value: toDeliveredEvent(JSON.parse(event) as CloudEvent) },
      contentType: "application/cloudevents+json",
    }));
    try {
      const request = { id: crypto.randomUUID(), entries, topic, pubsubName, type: "com.dapr.event.sent.bulk" };
      const { statuses } = await channel.callback.onBulkTopicEvent(request, {
        headers: channel.tokenHeaders,
        timeoutMs,
      });
      const found = new Map(statuses.map(({ entryId, status }) => [entryId, OUTCOMES[status] ?? "retry"]));
      return messages.map((_, index) => found.get(String(index)) ?? "retry");
    } catch (error) {
      if (ConnectError.from(error).code === Code.Unimplemented) return undefined;
      const outcome = judge(error, topic, options);
      return messages.map(() => outcome);
    }
  };
};

/** What an event brings may be anything: text that no header can carry would fail each call, that for its dead letter included. */
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;

const headersOf = ({ tokenHeaders }: AppChannel, { traceparent }: CloudEvent) =>
  typeof traceparent === "string" && TRACEPARENT.test(traceparent) ? { ...tokenHeaders, traceparent } : tokenHeaders;

const judge = (error: unknown, topic: string, { log, onUnreachable }: CallAppOptions): DeliveryOutcome => {
  const { code, rawMessage } = ConnectError.from(error);
  if (code === Code.Unimplemented) {
    // As daprd does: the message is gone.
    log.warn({ topic }, "the app has no handler for events: the message is dropped");
    return "success";
  }
  if (code === Code.Unavailable) onUnreachable();
  log.debug({ topic, code: Code[code], reason: rawMessage }, "delivery failed");
  return "retry";
};
