import type { Order } from "../model/order.ts";
import type { OrderReader } from "./ports.ts";

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

interface AwaitOutcomeDeps {
  readonly orders: OrderReader;
  readonly pause: (ms: number) => Promise<void>;
}

/** Neither stock, payment nor a cancellation is being waited for. */
export const isDecided = ({ status, cancelRequestedAt }: Order): boolean => status !== "PENDING" && !cancelRequestedAt;

/**
 * Waits until the checkout, or the wish to cancel it, is decided, at most `waitMs`: `Prefer: wait`. The caller gets the order as it is then,
 * decided or not; what decides is the same as without waiting.
 */
export const makeAwaitOutcome =
  ({ orders, pause }: AwaitOutcomeDeps) =>
  async (order: Order, waitMs: number, signal?: AbortSignal): Promise<Order> => {
    const until = performance.now() + waitMs;
    let current = order;
    for (let pauseMs = FIRST_PAUSE_MS; !isDecided(current); pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
      const left = until - performance.now();
      if (left <= 0 || signal?.aborted) break;
      await pause(Math.min(pauseMs, left));
      current = await orders.getById(order.id);
    }
    return current;
  };
