import { orderNotThatFar } from "../model/errors.ts";
import type { Order } from "../model/order.ts";
import type { OrderReader } from "./ports.ts";

const PAUSE_MS = 25;
/** Longer means that the version was never written, or that something is stuck: waiting helps neither. */
const LONGEST_WAIT_MS = 1_000;

/**
 * The order, at least as new as the caller has seen it. Reads come from the database that is written to, so a version that was answered is there at
 * once; the wait is for callers who know a version from an event that overtook its own commit's visibility, and for a read replica some day.
 * @throws AppError `order.not_found`, `order.not_that_far`
 */
export const makeAwaitVersion =
  ({ orders, pause }: { readonly orders: OrderReader; readonly pause: (ms: number) => Promise<void> }) =>
  async (orderId: string, minVersion: bigint, signal?: AbortSignal): Promise<Order> => {
    const until = performance.now() + LONGEST_WAIT_MS;
    for (;;) {
      const order = await orders.getById(orderId);
      if (order.version >= minVersion) return order;
      if (performance.now() >= until || signal?.aborted) throw orderNotThatFar(orderId, order.version);
      await pause(PAUSE_MS);
    }
  };
