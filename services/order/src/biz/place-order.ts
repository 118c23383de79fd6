import { AppError, type Clock, compareMoney, type Money } from "@tandem/kernel";
import { orderEmpty, quoteExpired, totalChanged } from "../model/errors.ts";
import { type Address, type Order, type PaymentMethod, placeOrder } from "../model/order.ts";
import { orderCreated } from "../model/order-events.ts";
import type { OrderReader, OrderUnitOfWork, Pricing, WantedItem } from "./ports.ts";

export interface PlaceOrderDeps {
  readonly uow: OrderUnitOfWork;
  readonly orders: OrderReader;
  readonly pricing: Pricing;
  readonly clock: Clock;
  readonly newId: () => string;
  /** How long warehouse is asked to hold the stock. */
  readonly reservationTtlMs: number;
}

export interface PlaceOrderInput {
  readonly customerId: string;
  readonly currency: string;
  readonly items: readonly WantedItem[];
  readonly shippingAddress: Address;
  readonly paymentMethod: PaymentMethod;
  readonly notes: string;
  readonly voucherCode: string;
  readonly cartId: string;
  /** The total that the customer agreed to; undefined takes any. */
  readonly expectedTotal: Money | undefined;
  /** What makes this checkout one and the same when it is sent again. */
  readonly checkoutKey: string;
}

/**
 * Prices the items and commits the order, its saga and `order.created` together. The quote is asked for before the
 * transaction: no call is made inside one. A repeat with the same checkout key returns the first order and emits nothing.
 * @throws AppError `order.empty`, `order.quote_unavailable`, `order.total_changed`, `order.checkout_key_taken`, or what pricing answers
 */
export const makePlaceOrder =
  ({ uow, orders, pricing, clock, newId, reservationTtlMs }: PlaceOrderDeps) =>
  async (input: PlaceOrderInput, signal?: AbortSignal): Promise<Order> => {
    if (input.items.length === 0) throw orderEmpty();
    const known = await orders.getByCheckoutKey(input.checkoutKey);
    if (known) return ownOrder(known, input.customerId);

    const quote = await pricing.createQuote(
      {
        customerId: input.customerId,
        currency: input.currency,
        items: input.items,
        voucherCode: input.voucherCode,
        countryCode: input.shippingAddress.countryCode,
        checkoutKey: input.checkoutKey,
      },
      signal,
    );
    const now = clock.now();
    if (quote.expiresAt <= now) throw quoteExpired();
    const order = placeOrder(
      {
        id: newId(),
        customerId: input.customerId,
        currency: quote.currency,
        lines: quote.lines,
        paymentMethod: input.paymentMethod,
        shippingAddress: input.shippingAddress,
        notes: input.notes,
        voucherCode: input.voucherCode,
        cartId: input.cartId,
        quoteId: quote.id,
        reservationExpiresAt: new Date(now.getTime() + reservationTtlMs),
      },
      now,
    );
    const { expectedTotal } = input;
    if (expectedTotal && compareMoney(expectedTotal, order.totals.total) !== 0) {
      throw totalChanged(expectedTotal.minor, order.totals.total.minor);
    }
    try {
      return await uow.transact(async (repositories) => {
        // Side by side, because the key is free as good as always; where it is not, nothing of this stays.
        const [created] = await Promise.all([
          repositories.orders.createIfAbsent(order, input.checkoutKey),
          repositories.checkout.start(order),
        ]);
        if (!created) throw new KeyTaken();
        await repositories.outbox.add(orderCreated(order, now));
        return order;
      }, signal);
    } catch (error) {
      if (!(error instanceof KeyTaken)) throw error;
      // Two submits at once: the other one has committed meanwhile, so its row is visible now.
      const first = await orders.getByCheckoutKey(input.checkoutKey);
      return ownOrder(first ?? order, input.customerId);
    }
  };

/** Rolls back: there is an order of this checkout. */
class KeyTaken extends Error {}

/** A checkout key is a secret of its customer: somebody else's is refused and not answered. */
const ownOrder = (order: Order, customerId: string): Order => {
  if (order.customerId === customerId) return order;
  throw new AppError("already_exists", "order.checkout_key_taken", "This key was used for another checkout.");
};
