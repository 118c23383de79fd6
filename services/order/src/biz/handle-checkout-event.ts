import { type CheckoutEvent, isNote } from "../model/checkout-events.ts";
import type { CheckoutNotes, InboxRow, OrderUnitOfWork, Repositories } from "./ports.ts";

export interface HandleCheckoutEventInput {
  readonly orderId: string;
  readonly event: CheckoutEvent;
  /** The event's own id and the context that it came from: they stand in the order's timeline. */
  readonly eventId: string;
  readonly source: string;
  /** The event's inbox row, where the caller leaves it to the first statement. */
  readonly once?: InboxRow | undefined;
  /** More of the same event, in the same transaction, after the saga. */
  readonly also?: ((repositories: Repositories) => Promise<void>) | undefined;
}

/**
 * Hands an answer of another context to the order's checkout. Early answers are kept until they are wanted, late and repeated ones are
 * recorded and change nothing; one for an unknown order is done. What only stands in the story is written without the checkout's lock.
 */
export const makeHandleCheckoutEvent =
  ({ uow, notes }: { readonly uow: OrderUnitOfWork; readonly notes: CheckoutNotes }) =>
  async (input: HandleCheckoutEventInput, signal?: AbortSignal): Promise<void> => {
    const { orderId, event, eventId, source, once, also } = input;
    const meta = { id: eventId, source, once };
    if (isNote(event) && !also) {
      await notes.add(orderId, event, meta);
      return;
    }
    await uow.transact(async (repositories) => {
      await repositories.checkout.handle(orderId, event, meta);
      await also?.(repositories);
    }, signal);
  };
