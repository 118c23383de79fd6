import type { ClaimedDelivery } from "./claim-deliveries.ts";

/** What an app asked for: so many messages in one call at most, and they may wait so long for each other. */
export interface Bulk {
  readonly size: number;
  readonly awaitMs: number;
}

export interface Gathering {
  add(delivery: ClaimedDelivery, bulk: Bulk): void;
  /** Takes out all that waits. */
  empty(): readonly ClaimedDelivery[];
}

/**
 * Messages that wait for others of their subscription. When the time of one is over all subscriptions let theirs go: an app that listens to
 * thirty topics has its calls at one moment, and can join what it writes.
 */
export const createGathering = (release: (ready: readonly ClaimedDelivery[]) => void): Gathering => {
  let waiting = new Map<number, ClaimedDelivery[]>();
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Number.POSITIVE_INFINITY;

  const empty = () => {
    clearTimeout(timer);
    dueAt = Number.POSITIVE_INFINITY;
    const all = [...waiting.values()].flat();
    waiting = new Map();
    return all;
  };

  return {
    add: (delivery, { size, awaitMs }) => {
      const own = waiting.get(delivery.subscriptionId) ?? [];
      waiting.set(delivery.subscriptionId, own);
      own.push(delivery);
      if (own.length >= size) {
        waiting.delete(delivery.subscriptionId);
        release(own);
      } else if (performance.now() + awaitMs < dueAt) {
        dueAt = performance.now() + awaitMs;
        clearTimeout(timer);
        timer = setTimeout(() => release(empty()), awaitMs);
      }
    },
    empty,
  };
};
