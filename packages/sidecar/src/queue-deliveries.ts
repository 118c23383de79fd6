import type { ClaimedDelivery } from "./claim-deliveries.ts";
import type { FaultInjector } from "./faults.ts";
import { type Bulk, createGathering } from "./gather-messages.ts";

export interface DeliveryQueue {
  readonly size: number;
  add(delivery: ClaimedDelivery, bulk: Bulk | undefined): void;
  /** What came last changes places with any other, where that fault is asked for. */
  misorder(): void;
  /** For the next call: several of one subscription where it asked for that, or where so many wait that they are a backlog. */
  next(bulkOf: (subscriptionId: number) => Bulk | undefined): readonly ClaimedDelivery[];
  /** Takes out all that waits. */
  empty(): readonly ClaimedDelivery[];
}

const BACKLOG_BATCH = 20;

/**
 * What waits for a call to the app. One by one, as daprd without bulk subscriptions; only a backlog goes out in bulk, so that it is gone sooner.
 * @param onReady called when some have waited long enough for others of their subscription
 */
export const createDeliveryQueue = (faults: FaultInjector, backlog: number, onReady: () => void): DeliveryQueue => {
  let queue: ClaimedDelivery[] = [];
  /** Wait for others, to go in one call. */
  const gathering = createGathering((ready) => {
    queue.push(...ready);
    onReady();
  });

  return {
    get size() {
      return queue.length;
    },
    add: (delivery, bulk) => {
      if (bulk === undefined) queue.push(delivery);
      else gathering.add(delivery, bulk);
    },
    misorder: () => {
      if (queue.length === 0 || !faults.hits("reorder")) return;
      const other = Math.floor(faults.random() * queue.length);
      const last = queue.length - 1;
      [queue[other], queue[last]] = [queue[last] as ClaimedDelivery, queue[other] as ClaimedDelivery];
    },
    next: (bulkOf) => {
      const first = queue.shift() as ClaimedDelivery;
      const size = bulkOf(first.subscriptionId)?.size ?? (queue.length >= backlog ? BACKLOG_BATCH : 1);
      if (size === 1) return [first];
      const batch = [first];
      queue = queue.filter((one) => {
        if (batch.length >= size || one.subscriptionId !== first.subscriptionId) return true;
        batch.push(one);
        return false;
      });
      return batch;
    },
    empty: () => {
      const all = [...queue, ...gathering.empty()];
      queue = [];
      return all;
    },
  };
};
