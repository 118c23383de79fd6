import type { CheckoutEvent } from "../model/checkout-events.ts";
import type { OrderUnitOfWork, Repositories } from "./ports.ts";

export interface HandleCheckoutEventInput {
  readonly orderId: string;
  readonly event: CheckoutEvent;
  /** The event's own id and the context that it came from: they stand in the order's timeline. */
  readonly eventId: string;
  readonly source: string;
  /** More of the same event, in the same transaction, after the saga. */
  readonly also?: ((repositories: Repositories) => Promise<void>) | undefined;
}

/**
 * Hands an answer of another context to the order's checkout. Early answers are kept until they are wanted, late and repeated ones are
 * recorded and change nothing; one for an unknown order is done.
 */
export const makeHandleCheckoutEvent =
  ({ uow }: { readonly uow: OrderUnitOfWork }) =>
  async ({ orderId, event, eventId, source, also }: HandleCheckoutEventInput, signal?: AbortSignal): Promise<void> => {
    await uow.transact(async (repositories) => {
      await repositories.checkout.handle(orderId, event, { id: eventId, source });
      await also?.(repositories);
    }, signal);
  };
