import { type Clock, isAppError } from "@tandem/kernel";
import type { CheckoutEvent } from "../model/checkout-events.ts";
import { touchOrder } from "../model/order.ts";
import { orderUpdated } from "../model/order-events.ts";
import type { OrderReader, OrderUnitOfWork } from "./ports.ts";

export interface NudgeCheckoutsDeps {
  readonly uow: OrderUnitOfWork;
  readonly orders: OrderReader;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Orders of one run, 1 to 10 000; default 500. */
  readonly limit?: number;
}

interface Nudge {
  readonly find: (before: Date, limit: number) => Promise<readonly string[]>;
  readonly olderThanMs: number;
  readonly event: CheckoutEvent;
}

/** Hands one event to each checkout that has waited longer than it should; each in a transaction of its own. Returns how many. */
const nudge = async (deps: NudgeCheckoutsDeps, { find, olderThanMs, event }: Nudge, signal?: AbortSignal) => {
  const before = new Date(deps.clock.now().getTime() - olderThanMs);
  let nudged = 0;
  for (const orderId of await find(before, deps.limit ?? 500)) {
    if (signal?.aborted) break;
    const { outcome } = await deps.uow.transact(
      ({ checkout }) => checkout.handle(orderId, event, { id: deps.newId(), source: "order" }),
      signal,
    );
    if (outcome === "applied") nudged += 1;
  }
  return nudged;
};

/** Confirms cash-on-delivery orders whose stock has been held for `afterMs`: the time in which a customer may think again. */
export const makeConfirmCodOrders = (deps: NudgeCheckoutsDeps, afterMs: number) => (signal?: AbortSignal) =>
  nudge(deps, { find: deps.orders.listCodToConfirm, olderThanMs: afterMs, event: { type: "cod_confirmed" } }, signal);

/** Cancels orders that are still pending although the time for which their stock was held is over by `graceMs`: the net under lost expiries. */
export const makeCleanUpReservations = (deps: NudgeCheckoutsDeps, graceMs: number) => (signal?: AbortSignal) =>
  nudge(
    deps,
    {
      find: deps.orders.listPendingExpired,
      olderThanMs: graceMs,
      event: { type: "cancel_requested", reason: "TIMEOUT", note: "the reservation ran out" },
    },
    signal,
  );

/** Asks fulfillment once more about cancellations that it has not answered for `afterMs`. */
export const makeRepeatCancellations = (deps: NudgeCheckoutsDeps, afterMs: number) => (signal?: AbortSignal) =>
  nudge(
    deps,
    {
      find: deps.orders.listCancellationsAsked,
      olderThanMs: afterMs,
      event: { type: "cancellation_overdue" },
    },
    signal,
  );

/** Asks payment once more to capture orders that left the house `afterMs` ago and are not paid. */
export const makeRetryCaptures =
  ({ uow, orders, clock, limit = 500 }: NudgeCheckoutsDeps, afterMs: number) =>
  async (signal?: AbortSignal): Promise<number> => {
    const now = clock.now();
    let asked = 0;
    for (const orderId of await orders.listUnpaidShipped(new Date(now.getTime() - afterMs), limit)) {
      if (signal?.aborted) break;
      await uow
        .transact(async (repositories) => {
          const before = await repositories.orders.lockById(orderId);
          if (before.paidAt || (before.status !== "SHIPPED" && before.status !== "DELIVERED")) return;
          const after = touchOrder(before, now);
          await repositories.orders.update(after);
          await repositories.outbox.add(orderUpdated(after, after.status === "SHIPPED" ? "SHIPPED" : "DELIVERED", now));
          asked += 1;
        }, signal)
        .catch((error: unknown) => {
          if (!isAppError(error, "order.not_found")) throw error;
        });
    }
    return asked;
  };
