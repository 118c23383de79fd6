import type { Logger } from "@tandem/runtime";
import type { ClaimedDelivery, DeliveryKey } from "./claim-deliveries.ts";
import type { FaultInjector } from "./faults.ts";
import { type Bulk, createGathering } from "./gather-messages.ts";
import type { Receiver } from "./hand-over-messages.ts";
import type { MessageLog } from "./message-log.ts";
import type { RetryPolicy } from "./resiliency.ts";

export type DeliveryOutcome = "success" | "retry" | "drop";

/** One topic that an app listens to. */
export interface Subscription {
  readonly id: number;
  readonly topic: string;
  readonly deadLetterTopic: string;
  readonly retry: RetryPolicy;
  /** The app asked for several messages in one call. */
  readonly bulk: Bulk | undefined;
  /** Hands messages to the app; one outcome each, in their order. Does not reject. */
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
const BACKLOG_BATCH = 20;

const keyOf = ({ subscriptionId, messageId }: DeliveryKey): string => `${subscriptionId}/${messageId}`;

export const createDeliverer = (options: DelivererOptions): Deliverer => {
  const { log, messages, faults, concurrency = 20, prefetch = 100 } = options;
  let subscriptions = new Map<number, Subscription>();
  const dirty = new Set<number>();
  let queue: ClaimedDelivery[] = [];
  /** Wait for others, to go in one call. */
  const gathering = createGathering((ready) => {
    queue.push(...ready);
    pump();
  });
  const outstanding = new Map<number, number>();
  const held = new Map<string, DeliveryKey>();
  /** Claimed again while they were in hand: whoever has them in hand may have let go of them before. */
  const claimedAgain = new Set<string>();
  /** Storage failed: it may hold claims of ours that we do not know of, until their lease ends. */
  let strays = false;
  /** Calls to the app. */
  let calls = 0;
  /** Calls, and what is to be written of them. */
  const inFlight = new Set<Promise<void>>();
  let claiming: Promise<void> | undefined;
  let poll: NodeJS.Timeout | undefined;
  const timers = new Set<NodeJS.Timeout>();

  const count = (id: number, by: number) => outstanding.set(id, (outstanding.get(id) ?? 0) + by);

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
      .map((subscriptionId) => ({ subscriptionId, limit: prefetch - (outstanding.get(subscriptionId) ?? 0) }))
      .filter(({ limit }) => limit >= prefetch / 2);
    if (requests.length === 0) return;
    for (const { subscriptionId } of requests) dirty.delete(subscriptionId);
    claiming = releaseStrays()
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
        strays = true;
        for (const { subscriptionId } of requests) later(AFTER_FAILURE_MS, subscriptionId);
      })
      .finally(() => {
        claiming = undefined;
        claim();
      });
  };

  const releaseStrays = async () => {
    if (!strays) return;
    strays = false; // set again by whatever fails meanwhile
    try {
      await messages.releaseStrays([...subscriptions.keys()], [...held.values()]);
    } catch (error) {
      strays = true;
      throw error;
    }
  };

  const mayTake = (id: number, many: number) =>
    subscriptions.has(id) && !dirty.has(id) && (outstanding.get(id) ?? 0) + many <= prefetch;

  const take = (claimed: readonly ClaimedDelivery[]) => {
    for (const delivery of claimed) {
      // Its lease ended while it waits or is handled here, and the claim renewed it; or it is due again, and its first handling has yet to end.
      if (held.has(keyOf(delivery))) {
        claimedAgain.add(keyOf(delivery));
        continue;
      }
      held.set(keyOf(delivery), delivery);
      put(delivery);
      if (faults.hits("duplicate")) put(delivery);
      if (queue.length > 0 && faults.hits("reorder")) {
        const other = Math.floor(faults.random() * queue.length);
        const last = queue.length - 1;
        [queue[other], queue[last]] = [queue[last] as ClaimedDelivery, queue[other] as ClaimedDelivery];
      }
    }
    pump();
  };

  const put = (delivery: ClaimedDelivery) => {
    count(delivery.subscriptionId, 1);
    const bulk = subscriptions.get(delivery.subscriptionId)?.bulk;
    if (bulk === undefined) queue.push(delivery);
    else gathering.add(delivery, bulk);
  };

  const pump = () => {
    while (queue.length > 0 && calls < concurrency) {
      const handling = handle(nextBatch()).finally(() => inFlight.delete(handling));
      inFlight.add(handling);
    }
  };

  /** One by one, as daprd without bulk subscriptions; only a backlog goes out in bulk, so that it is gone sooner. */
  const nextBatch = (): ClaimedDelivery[] => {
    const first = queue.shift() as ClaimedDelivery;
    const backlog = queue.length >= concurrency ? BACKLOG_BATCH : 1;
    const size = subscriptions.get(first.subscriptionId)?.bulk?.size ?? backlog;
    if (size === 1) return [first];
    const batch = [first];
    queue = queue.filter((one) => {
      if (batch.length >= size || one.subscriptionId !== first.subscriptionId) return true;
      batch.push(one);
      return false;
    });
    return batch;
  };

  const handle = async (batch: readonly ClaimedDelivery[]): Promise<void> => {
    const subscription = subscriptions.get((batch[0] as ClaimedDelivery).subscriptionId);
    const outcomes = subscription && (await call(subscription, batch));
    for (const { subscriptionId } of batch) count(subscriptionId, -1);
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
    } finally {
      calls--;
    }
  };

  const settle = async (subscription: Subscription, delivery: ClaimedDelivery, outcome: DeliveryOutcome) => {
    try {
      if (outcome === "success" && faults.hits("dropAck")) {
        await messages.reschedule(delivery, 50, false);
        later(60, subscription.id);
      } else if (outcome === "success") await messages.acknowledge(delivery);
      else if (outcome === "drop") await bury(subscription, delivery, "dropped by the app");
      else await retry(subscription, delivery);
    } catch (error) {
      // It comes again: storage is asked to let go of it as soon as it answers.
      strays = true;
      later(AFTER_FAILURE_MS, subscription.id);
      log.warn({ err: error, topic: subscription.topic }, "outcome could not be written");
    }
    letGo(delivery);
  };

  const letGo = (delivery: ClaimedDelivery) => {
    held.delete(keyOf(delivery));
    if (!claimedAgain.delete(keyOf(delivery))) return;
    strays = true;
    if (subscriptions.has(delivery.subscriptionId)) dirty.add(delivery.subscriptionId);
  };

  const retry = async (subscription: Subscription, delivery: ClaimedDelivery) => {
    const failures = delivery.attempt + 1;
    if (failures > subscription.retry.maxRetries) return bury(subscription, delivery, `${failures} tries failed`);
    const delayMs = subscription.retry.delayMs(failures);
    await messages.reschedule(delivery, delayMs, true);
    later(delayMs + 1, subscription.id);
  };

  const bury = async ({ topic, deadLetterTopic }: Subscription, delivery: ClaimedDelivery, reason: string) => {
    if (deadLetterTopic === "") {
      log.warn(
        { topic, messageId: delivery.messageId, reason },
        "message lost: the subscription has no dead-letter topic",
      );
      return messages.acknowledge(delivery);
    }
    log.info(
      { topic, deadLetterTopic, messageId: delivery.messageId, reason },
      "message goes to the dead-letter topic",
    );
    return messages.deadLetter(delivery, deadLetterTopic);
  };

  const giveBack = async (batch: readonly ClaimedDelivery[]): Promise<void> => {
    await Promise.allSettled(batch.map((delivery) => messages.reschedule(delivery, 0, false)));
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
      const waiting = [...queue, ...gathering.empty()];
      queue = [];
      for (const delivery of waiting) {
        held.delete(keyOf(delivery));
        count(delivery.subscriptionId, -1);
      }
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
        strays = true;
        later(AFTER_FAILURE_MS, id);
      }
    },
  };
};
