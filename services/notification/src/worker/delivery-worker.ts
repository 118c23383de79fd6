import type { Clock } from "@tandem/kernel";
import {
  createOperationsWorker,
  type LeasedOperation,
  type OperationsWorker,
  type RunOutcome,
} from "@tandem/operations";
import type { Logger, Metrics } from "@tandem/runtime";
import type { DeliveryOutcome, makeDeliverNotification } from "../biz/deliver-notification.ts";
import type { DeliveryQueue, LeasedNotification } from "../biz/ports.ts";
import type { Channel } from "../model/channel.ts";

export interface DeliveryWorkerOptions {
  readonly queue: DeliveryQueue;
  readonly deliver: ReturnType<typeof makeDeliverNotification>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Those that there is a provider for. One that is unwell gets one message at a time, to see whether it has recovered. */
  readonly channels: () => readonly { readonly channel: Channel; readonly well: boolean }[];
  /** Messages on their way at once. Default 8. */
  readonly concurrency?: number;
  /** How long a message is left to a worker that may have died. Longer than a send. Default 60 000. */
  readonly leaseMs?: number;
  /** Longest pause between looks for what other processes left or what has become due. Default 1 000. */
  readonly maxPollMs?: number;
}

interface LeasedDelivery extends LeasedOperation {
  readonly leased: LeasedNotification;
}

const outcomeOf: Readonly<Record<DeliveryOutcome, RunOutcome>> = {
  sent: "done",
  failed: "done",
  postponed: "postponed",
  refused: "postponed",
  stale: "stale",
};

/** Sends what is due: claims no more than it can send at once, sends outside of any transaction, commits. Any number of them at a time. */
export const createDeliveryWorker = (options: DeliveryWorkerOptions): OperationsWorker => {
  const {
    queue,
    deliver,
    clock,
    log,
    metrics,
    channels,
    concurrency = 8,
    leaseMs = 60_000,
    maxPollMs = 1_000,
  } = options;
  const messages = metrics.counter({
    name: "tandem_notification_messages_total",
    help: "Tries to send a message, by channel, template and how they ended",
    labels: ["channel", "template", "outcome"],
  });
  return createOperationsWorker<LeasedDelivery>({
    name: "notification.delivery",
    counter: "tandem_notification_deliveries_total",
    queue: {
      async claim(room, lease) {
        const all = channels();
        const claim = (limit: number, among: readonly { readonly channel: Channel }[]) =>
          queue.claim({ limit, leaseMs: lease, now: clock.now(), channels: among.map(({ channel }) => channel) });
        const claimed: LeasedNotification[] = [];
        for (const unwell of all.filter(({ well }) => !well)) {
          if (claimed.length < room) claimed.push(...(await claim(1, [unwell])));
        }
        const well = all.filter((one) => one.well);
        if (well.length > 0 && claimed.length < room) claimed.push(...(await claim(room - claimed.length, well)));
        return claimed.map(toOperation);
      },
    },
    run: async ({ leased }) => {
      const { channel, template } = leased.notification;
      const outcome = await deliver(leased);
      messages.inc({ channel, template, outcome });
      return outcomeOf[outcome];
    },
    log,
    metrics,
    concurrency,
    leaseMs,
    maxPollMs,
  });
};

const toOperation = (leased: LeasedNotification): LeasedDelivery => {
  const { id, customerId, channel, createdAt, attempts } = leased.notification;
  const { token, traceparent } = leased;
  const ownerId = customerId ?? "";
  return { id, ownerId, kind: channel, createdAt, token, attempt: attempts, uncertain: false, traceparent, leased };
};
