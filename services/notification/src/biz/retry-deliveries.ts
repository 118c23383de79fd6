import type { Clock } from "@tandem/kernel";
import { abandoned, type DeliveryPolicy } from "../model/delivery.ts";
import { giveUp, type Notification } from "../model/notification.ts";
import type { NotificationUnitOfWork, Repositories, UnsubscribeLink } from "./ports.ts";
import { writeWaiting } from "./write-waiting.ts";

export interface RetryDeliveriesDeps {
  readonly uow: NotificationUnitOfWork;
  readonly clock: Clock;
  readonly unsubscribeLink: UnsubscribeLink;
  readonly policy: DeliveryPolicy;
  /** How long a message waits for its contact or order. */
  readonly waitAtMostMs: number;
  /** Messages per transaction. Default 100. */
  readonly batchSize?: number;
}

export interface RetrySummary {
  /** Back in the queue after their sender died. */
  readonly recovered: number;
  /** Written at last. */
  readonly written: number;
  readonly failed: number;
}

/** Takes care of what nobody else does: messages whose sender died, and those that wait for somebody who is known by now, or never will be. */
export const makeRetryDeliveries =
  (deps: RetryDeliveriesDeps) =>
  async (signal?: AbortSignal): Promise<RetrySummary> => {
    const { uow, batchSize = 100 } = deps;
    const sum = { recovered: 0, written: 0, failed: 0 };
    for (let batch = batchSize; batch === batchSize && !signal?.aborted; ) {
      batch = await uow.transact(async (repositories) => {
        const found = await repositories.notifications.lockAbandoned(batchSize);
        for (const one of found) {
          const after = abandoned(one, deps.clock.now(), deps.policy);
          await repositories.notifications.update(after);
          if (after.status === "FAILED") await announce(repositories, after, deps.clock.now());
          sum[after.status === "FAILED" ? "failed" : "recovered"] += 1;
        }
        return found.length;
      }, signal);
    }
    const before = new Date(deps.clock.now().getTime() - deps.waitAtMostMs);
    const ids = await uow.transact(({ notifications }) => notifications.listWaitingToReview(before, 1_000), signal);
    for (const id of ids) {
      if (signal?.aborted) break;
      const outcome = await uow.transact((repositories) => review(repositories, id, before, deps), signal);
      if (outcome) sum[outcome] += 1;
    }
    return sum;
  };

const review = async (
  repositories: Repositories,
  id: string,
  before: Date,
  { clock, unsubscribeLink }: RetryDeliveriesDeps,
): Promise<"written" | "failed" | undefined> => {
  const { notifications, contacts, orders } = repositories;
  const seen = await notifications.getById(id);
  const order = seen.orderId === undefined ? undefined : await orders.lockOrOpen(seen.orderId);
  const customerId = seen.customerId ?? order?.customerId;
  const contact = customerId === undefined ? undefined : await contacts.lockOrOpen(customerId);
  const locked = await notifications.lockById(id);
  if (locked?.status !== "WAITING") return undefined;
  const now = clock.now();
  const one = { ...locked, customerId };
  if (contact) {
    const [after] = await writeWaiting(repositories, { notifications: [one], contact, order, now, unsubscribeLink });
    if (after && after.status !== "WAITING") return after.status === "FAILED" ? "failed" : "written";
  }
  if (one.createdAt > before) return undefined;
  const given = giveUp(
    one,
    customerId === undefined ? "the order never became known" : "the address never became known",
  );
  await notifications.update(given);
  await announce(repositories, given, now);
  return "failed";
};

const announce = ({ outbox }: Repositories, notification: Notification, at: Date): Promise<void> =>
  outbox.add({ type: "notification.failed", notification, at });
