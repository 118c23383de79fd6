import type { Logger } from "@tandem/runtime";
import type { ClaimedDelivery } from "./claim-deliveries.ts";
import type { FaultInjector } from "./faults.ts";
import type { Bulk } from "./gather-messages.ts";
import type { Receiver } from "./hand-over-messages.ts";
import { createHand } from "./hold-deliveries.ts";
import type { MessageLog } from "./message-log.ts";
import { createDeliveryQueue } from "./queue-deliveries.ts";
import type { RetryPolicy } from "./resiliency.ts";
import { createOutcomeWriter } from "./write-outcome.ts";

export type DeliveryOutcome = "success" | "retry" | "drop";

/** One topic that an app listens to. */
export interface Subscription {
  readonly id: number;
  readonly topic: string;
  readonly deadLetterTopic: string;
  readonly retry: RetryPolicy;
  /** The app asked for several messages in one call. */
  readonly bulk: Bulk | undefined;
  /** Hands messages to the app; one outcome each, in their order. What it rejects with says nothing about them: they come again. */
  deliver(messages: readonly ClaimedDelivery[]): Promise<readonly DeliveryOutcome[]>;
}

export interface DelivererOptions {
  readonly log: Logger;
  readonly messages: MessageLog;
  readonly faults: FaultInjector;
  /** Calls to the app at a time: default 20. */
  readonly concurrency?: number;
  /** Messages taken ahead, of one subscription: default 100. */
  readonly prefetch?: number;
}

/** Delivers an app's messages while it is open. */
export interface Deliverer extends Receiver {
  open(subscriptions: readonly Subscription[]): void;
  /** Takes no more, gives back what is waiting. Calls in flight go on. */
  pause(): Promise<void>;
  /** Resolves when no call is in flight. */
  idle(): Promise<void>;
}

/** For what another process could not tell us of, and what it left behind. */
const POLL_MS = 3_000;
const AFTER_FAILURE_MS = 200;

export const createDeliverer = (options: DelivererOptions): Deliverer => {
  const { log, messages, faults, concurrency = 20, prefetch = 100 } = options;
  let subscriptions = new Map<number, Subscription>();
  const bulkOf = (id: number) => subscriptions.get(id)?.bulk;
  const dirty = new Set<number>();
  const hand = createHand();
  const queue = createDeliveryQueue(faults, concurrency, () => pump());
  const write = createOutcomeWriter(options);
  /** Calls to the app. */
  let calls = 0;
  /** Calls, and what is to be written of them. */
  const inFlight = new Set<Promise<void>>();
  let claiming: Promise<void> | undefined;
  let poll: NodeJS.Timeout | undefined;
  const timers = new Set<NodeJS.Timeout>();

  const later = (ms: number, id: number) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      wake([id]);
    }, ms);
    timers.add(timer);
  };

  const wake = (ids: readonly number[]) => {
    for (const id of ids) if (subscriptions.has(id)) dirty.add(id);
    claim();
  };

  /** One claim at a time, for all subscriptions that have room: under load it gathers by itself. */
  const claim = () => {
    if (claiming !== undefined || dirty.size === 0) return;
    const requests = [...dirty]
      .map((subscriptionId) => ({ subscriptionId, limit: prefetch - hand.many(subscriptionId) }))
      .filter(({ limit }) => limit >= prefetch / 2);
    if (requests.length === 0) return;
    for (const { subscriptionId } of requests) dirty.delete(subscriptionId);
    claiming = hand
      .ease((held) => messages.releaseStrays([...subscriptions.keys()], held))
      .then(() => messages.claim(requests))
      .then((claimed) => {
        take(claimed);
        for (const { subscriptionId, limit } of requests) {
          if (claimed.filter((one) => one.subscriptionId === subscriptionId).length === limit)
            dirty.add(subscriptionId);
        }
      })
      .catch((error) => {
        log.debug({ err: error }, "claim failed");
        hand.doubt();
        for (const { subscriptionId } of requests) later(AFTER_FAILURE_MS, subscriptionId);
      })
      .finally(() => {
        claiming = undefined;
        claim();
      });
  };

  const mayTake = (id: number, many: number) =>
    subscriptions.has(id) && !dirty.has(id) && hand.many(id) + many <= prefetch;

  const take = (claimed: readonly ClaimedDelivery[]) => {
    for (const delivery of claimed) {
      if (!hand.take(delivery)) continue;
      put(delivery);
      if (faults.hits("duplicate")) put(delivery);
      queue.misorder();
    }
    pump();
  };

  const put = (delivery: ClaimedDelivery) => {
    hand.count(delivery.subscriptionId, 1);
    queue.add(delivery, bulkOf(delivery.subscriptionId));
  };

  const pump = () => {
    while (queue.size > 0 && calls < concurrency) {
      const handling = handle(queue.next(bulkOf)).finally(() => inFlight.delete(handling));
      inFlight.add(handling);
    }
  };

  const handle = async (batch: readonly ClaimedDelivery[]): Promise<void> => {
    const subscription = subscriptions.get((batch[0] as ClaimedDelivery).subscriptionId);
    const outcomes = subscription && (await call(subscription, batch));
    for (const { subscriptionId } of batch) hand.count(subscriptionId, -1);
    if (subscription === undefined) await giveBack(batch);
    else {
      // What is written waits for others, of all apps; the app's place does not wait for it.
      const settled = batch.map((delivery, index) => settle(subscription, delivery, outcomes?.[index] ?? "retry"));
      pump();
      claim();
      await Promise.all(settled);
    }
    claim();
  };

  const call = async (subscription: Subscription, batch: readonly ClaimedDelivery[]) => {
    calls++;
    try {
      if (faults.hits("delay")) await new Promise((resolve) => setTimeout(resolve, faults.delayMs()));
      return await subscription.deliver(batch);
    } catch (error) {
      log.error({ err: error, topic: subscription.topic }, "a delivery failed before it reached the app");
      return undefined;
    } finally {
      calls--;
    }
  };

  const settle = async (subscription: Subscription, delivery: ClaimedDelivery, outcome: DeliveryOutcome) => {
    try {
      const dueInMs = await write(subscription, delivery, outcome);
      if (dueInMs !== undefined) later(dueInMs + 1, subscription.id);
    } catch (error) {
      // It comes again: storage is asked to let go of it as soon as it answers.
      hand.doubt();
      later(AFTER_FAILURE_MS, subscription.id);
      log.warn({ err: error, topic: subscription.topic }, "outcome could not be written");
    }
    letGo(delivery);
  };

  const letGo = (delivery: ClaimedDelivery) => {
    const { subscriptionId } = delivery;
    if (hand.letGo(delivery) && subscriptions.has(subscriptionId)) dirty.add(subscriptionId);
  };

  const giveBack = async (batch: readonly ClaimedDelivery[]): Promise<void> => {
    const written = await Promise.allSettled(batch.map((delivery) => messages.reschedule(delivery, 0, false)));
    if (written.some(({ status }) => status === "rejected")) hand.doubt();
    for (const delivery of batch) letGo(delivery);
  };

  return {
    open: (given) => {
      subscriptions = new Map(given.map((subscription) => [subscription.id, subscription]));
      wake([...subscriptions.keys()]);
      clearInterval(poll);
      // Apart from those of the other apps: all at the same moment are a stall.
      poll = setInterval(() => wake([...subscriptions.keys()]), POLL_MS * (0.8 + 0.4 * Math.random()));
    },
    pause: async () => {
      clearInterval(poll);
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      subscriptions = new Map();
      dirty.clear();
      await claiming;
      const waiting = queue.empty();
      for (const { subscriptionId } of waiting) hand.count(subscriptionId, -1);
      await giveBack(waiting);
    },
    idle: async () => {
      while (inFlight.size > 0) await Promise.all(inFlight);
    },
    mayTake,
    take: (claimed) => {
      if (subscriptions.size > 0) return take(claimed);
      // Paused between the promise and the commit.
      const returning = giveBack(claimed).finally(() => inFlight.delete(returning));
      inFlight.add(returning);
    },
    wake,
    lost: (ids) => {
      for (const id of ids) {
        hand.doubt();
        later(AFTER_FAILURE_MS, id);
      }
    },
  };
};
