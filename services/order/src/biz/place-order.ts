import { AppError, type Clock, compareMoney, type Money } from "@tandem/kernel";
import { cartChanged, orderEmpty, quoteExpired, totalChanged } from "../model/errors.ts";
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
  /** The version in which `cartId` will name its order: claimed together with the order. Absent where there is no cart. */
  readonly closesCartAt?: number;
}

export interface PlacedOrder {
  readonly order: Order;
  /** The order is of an earlier checkout with this key: nothing was written. */
  readonly repeated: boolean;
}

/**
 * Prices the items and commits the order, its saga, `order.created` and the claim of the cart together. The quote is asked for before the
 * transaction: no call is made inside one. A repeat with the same checkout key returns the first order, whatever its items would cost now,
 * and emits nothing.
 * @throws AppError `order.empty`, `order.quote_unavailable`, `order.total_changed`, `order.checkout_key_taken`, `cart.version_conflict`, or what
 *   pricing answers
 */
export const makePlaceOrder =
  ({ uow, orders, pricing, clock, newId, reservationTtlMs }: PlaceOrderDeps) =>
  async (input: PlaceOrderInput, signal?: AbortSignal): Promise<PlacedOrder> => {
    if (input.items.length === 0) throw orderEmpty();
    const askQuote = () =>
      pricing.createQuote(
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
    // At once, for one checkout in a thousand is a repeat; but not with a voucher, of which a second quote would hold another use.
    const asked = input.voucherCode === "" ? askQuote() : undefined;
    asked?.catch(() => undefined);
    const known = await orders.getByCheckoutKey(input.checkoutKey);
    if (known) return repeatOf(known, input.customerId);
    const quote = await (asked ?? askQuote());
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
        const [created, , claimed] = await Promise.all([
          repositories.orders.createIfAbsent(order, input.checkoutKey),
          repositories.checkout.start(order),
          input.closesCartAt === undefined || repositories.cartClaims.take(input.cartId, input.closesCartAt),
        ]);
        if (!created) throw new KeyTaken();
        if (!claimed) throw cartChanged(input.cartId);
        await repositories.outbox.add(orderCreated(order, now));
        return { order, repeated: false };
      }, signal);
    } catch (error) {
      if (!(error instanceof KeyTaken)) throw error;
      // Two submits at once: the other one has committed meanwhile, so its row is visible now.
      const first = await orders.getByCheckoutKey(input.checkoutKey);
      return repeatOf(first ?? order, input.customerId);
    }
  };

/** Rolls back: there is an order of this checkout. */
class KeyTaken extends Error {}

/** A checkout key is a secret of its customer: somebody else's is refused and not answered. */
const repeatOf = (order: Order, customerId: string): PlacedOrder => {
  if (order.customerId === customerId) return { order, repeated: true };
  throw new AppError("already_exists", "order.checkout_key_taken", "This key was used for another checkout.");
};
