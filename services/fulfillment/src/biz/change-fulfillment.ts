import type { Clock } from "@tandem/kernel";
import { fulfillmentNotFound } from "../model/errors.ts";
import {
  applyNews,
  type CarrierNews,
  cancelFulfillment,
  confirmPick,
  type Fulfillment,
  handOver,
  leavesRest,
  type Packing,
  type PickedPieces,
  pack,
  startPicking,
  usualMove,
} from "../model/fulfillment.ts";
import { statusChanged } from "../model/fulfillment-events.ts";
import type { Carry, FulfillmentReader, FulfillmentUnitOfWork, Repositories } from "./ports.ts";

export interface ChangeFulfillmentDeps {
  readonly uow: FulfillmentUnitOfWork;
  readonly fulfillments: FulfillmentReader;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** One step of one fulfillment. `mayActFor`: whether the caller may act for its seller; otherwise it does not exist for them. */
export interface StepInput {
  readonly fulfillmentId: string;
  readonly mayActFor: (sellerId: string) => boolean;
}

/** Writes what has changed and announces a new status. The row must be locked. */
export const saveStep = async (
  { fulfillments, outbox }: Repositories,
  before: Fulfillment,
  after: Fulfillment,
  now: Date,
): Promise<Fulfillment> => {
  if (after === before) return before;
  await fulfillments.update(after);
  if (after.status !== before.status) await outbox.add(statusChanged(after, before.status, now));
  return after;
};

const step =
  <I extends StepInput>(apply: (fulfillment: Fulfillment, input: I, now: Date) => Fulfillment) =>
  ({ uow, clock }: Pick<ChangeFulfillmentDeps, "uow" | "clock">) =>
  (input: I, signal?: AbortSignal): Promise<Fulfillment> =>
    uow.transact(async (repositories) => {
      const before = await repositories.fulfillments.lockById(input.fulfillmentId);
      if (!input.mayActFor(before.sellerId)) throw fulfillmentNotFound(input.fulfillmentId);
      const now = clock.now();
      return saveStep(repositories, before, apply(before, input, now), now);
    }, signal);

/** @throws AppError `fulfillment.not_found`, `fulfillment.transition_invalid` */
export const makeStartPicking = step((fulfillment, _: StepInput, now) => startPicking(fulfillment, now));

/** @throws AppError `fulfillment.not_found`, and those of {@link confirmPick} */
export const makeConfirmPick = step(
  (fulfillment, { picks }: StepInput & { readonly picks: readonly PickedPieces[] }, now) =>
    confirmPick(fulfillment, picks, now),
);

/** @throws AppError `fulfillment.not_found`, `fulfillment.transition_invalid` */
export const makeHandOver = step((fulfillment, _: StepInput, now) => handOver(fulfillment, now));

/** @throws AppError `fulfillment.not_found`, `fulfillment.already_handed_over` */
export const makeCancelFulfillment = step((fulfillment, { reason }: StepInput & { readonly reason: string }, now) =>
  cancelFulfillment(fulfillment, reason, now),
);

export interface CarrierNewsInput {
  readonly fulfillmentId: string;
  readonly news: CarrierNews;
  readonly carry: Carry;
}

/**
 * News that come in their turn move it on by one statement; whatever else they may be is decided on the locked row.
 * @throws AppError `fulfillment.not_found`: no parcel leaves without a fulfillment, so waiting does not help
 */
export const makeFollowCarrier =
  ({ uow, clock }: Pick<ChangeFulfillmentDeps, "uow" | "clock">) =>
  ({ fulfillmentId, news, carry }: CarrierNewsInput, signal?: AbortSignal): Promise<void> => {
    const usual = usualMove(news);
    const once = usual && carry();
    return uow.transact(async (repositories) => {
      const { fulfillments, outbox } = repositories;
      const now = clock.now();
      const moved = usual && once && (await fulfillments.move(fulfillmentId, usual, now, once));
      if (moved) return outbox.add(statusChanged(moved, usual.from, now));
      const before = await fulfillments.lockById(fulfillmentId);
      await saveStep(repositories, before, applyNews(before, news, now), now);
    }, signal);
  };

/** Writes a closed parcel and, where pieces follow later, the part that they wait in. Order and row must be locked. */
export const savePacked = async (
  repositories: Repositories,
  before: Fulfillment,
  packing: Packing,
  newId: () => string,
  now: Date,
): Promise<Fulfillment> => {
  const siblings = leavesRest(before, packing) ? await repositories.fulfillments.lockByOrderId(before.orderId) : [];
  const parts = siblings
    .filter((one) => one.sellerId === before.sellerId && one.warehouseCode === before.warehouseCode)
    .map(({ part }) => part);
  const next = { id: newId(), part: Math.max(before.part, ...parts) + 1 };
  const { fulfillment, rest } = pack(before, packing, next, now);
  const after = await saveStep(repositories, before, fulfillment, now);
  if (rest) {
    await repositories.fulfillments.create([rest]);
    await repositories.outbox.add(statusChanged(rest, undefined, now));
  }
  return after;
};

/**
 * Closes the parcel. The order's row is locked first, as a new part must not slip through a cancellation of the whole order.
 * @throws AppError `fulfillment.not_found`, and those of {@link pack}
 */
export const makePack =
  ({ uow, fulfillments, clock, newId }: ChangeFulfillmentDeps) =>
  async (
    { fulfillmentId, mayActFor, packing }: StepInput & { readonly packing: Packing },
    signal?: AbortSignal,
  ): Promise<Fulfillment> => {
    const { orderId, sellerId } = await fulfillments.getById(fulfillmentId);
    if (!mayActFor(sellerId)) throw fulfillmentNotFound(fulfillmentId);
    return uow.transact(async (repositories) => {
      await repositories.orders.lock(orderId);
      const before = await repositories.fulfillments.lockById(fulfillmentId);
      return savePacked(repositories, before, packing, newId, clock.now());
    }, signal);
  };
