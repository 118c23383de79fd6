import type { Clock } from "@tandem/kernel";
import { createDispatcher } from "@tandem/resilience";
import { type ContinuousWorker, type Logger, type Metrics, withTraceparent } from "@tandem/runtime";
import type { makeDeliverNotification } from "../biz/deliver-notification.ts";
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
  /** Longest pause between looks for what other processes left or what has become due. Default 500. */
  readonly maxPollMs?: number;
}

export interface DeliveryWorker extends ContinuousWorker {
  /** There is something to send in this process. */
  wake(): void;
}

/** Sends what is due: claims no more than it can send at once, sends outside of any transaction, commits. Any number of them at a time. */
export const createDeliveryWorker = (options: DeliveryWorkerOptions): DeliveryWorker => {
  const { queue, deliver, clock, log, metrics, channels, concurrency = 8, leaseMs = 60_000, maxPollMs = 500 } = options;
  const outcomes = metrics.counter({
    name: "tandem_notification_deliveries_total",
    help: "Tries to send a message, by channel, template and how they ended",
    labels: ["channel", "template", "outcome"],
  });
  const dispatcher = createDispatcher({ concurrency, maxQueued: concurrency * 4 });
  const stopping = new AbortController();
  let loop: Promise<void> | undefined;
  let woken = false;
  let wakeUp = () => {};
  let lastRoundAt = 0;
  let inFlight = 0;

  const wake = () => {
    woken = true;
    wakeUp();
  };

  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      if (woken || stopping.signal.aborted) return resolve();
      const timer = setTimeout(resolve, ms);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const claim = async (): Promise<readonly LeasedNotification[]> => {
    const claimed: LeasedNotification[] = [];
    for (const { channel, well } of channels()) {
      const room = concurrency - inFlight - claimed.length;
      if (room <= 0) break;
      const limit = well ? room : 1;
      claimed.push(...(await queue.claim({ limit, leaseMs, now: clock.now(), channels: [channel] })));
    }
    return claimed;
  };

  const round = async (): Promise<number> => {
    const claimed = await claim();
    for (const leased of claimed) {
      const { channel, template, id } = leased.notification;
      inFlight += 1;
      void dispatcher
        .run(() => withTraceparent(leased.traceparent, () => deliver(leased)))
        .then((outcome) => {
          outcomes.inc({ channel, template, outcome });
          if (outcome === "failed") log.warn({ notificationId: id, channel, template }, "a message is given up");
        })
        .catch((err: unknown) => {
          outcomes.inc({ channel, template, outcome: "error" });
          log.warn({ err, notificationId: id, channel, template }, "a message is decided about after its lease");
        })
        .finally(() => {
          inFlight -= 1;
          wake();
        });
    }
    return claimed.length;
  };

  const run = async () => {
    while (!stopping.signal.aborted) {
      woken = false;
      const claimed = await round().catch((err: unknown) => {
        log.warn({ err }, "messages could not be claimed");
        return 0;
      });
      lastRoundAt = performance.now();
      if (claimed === 0) await sleep(maxPollMs);
    }
  };

  return {
    name: "notification.delivery",
    kind: "cron",
    wake,
    start: async () => {
      lastRoundAt = performance.now();
      loop ??= run();
    },
    stop: async () => {
      stopping.abort(new Error("the worker stops"));
      wakeUp();
      await loop;
      await dispatcher.drain();
    },
    healthCheck: async () => {
      if (loop && performance.now() - lastRoundAt > 60_000) throw new Error("no round for a minute");
    },
  };
};
