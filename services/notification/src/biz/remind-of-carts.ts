import { reminded, worthReminding } from "../model/cart.ts";
import { templateNamed } from "../model/templates/template-catalogue.ts";
import { type NotifyDeps, notifyWithin } from "./notify.ts";

export interface RemindOfCartsDeps extends NotifyDeps {
  /** How long a cart lies before its owner is reminded. */
  readonly idleMs: number;
  /** Older ones are left in peace: after an outage nobody is reminded of last month. Default 7 days. */
  readonly notAfterMs?: number;
  /** Carts per transaction. Default 100. */
  readonly batchSize?: number;
}

/** Reminds of carts that were left lying, once per version of the cart. Whoever does not want marketing is not written to. Returns how many carts. */
export const makeRemindOfCarts =
  ({ uow, idleMs, notAfterMs = 604_800_000, batchSize = 100, ...parts }: RemindOfCartsDeps) =>
  async (signal?: AbortSignal): Promise<number> => {
    const remindBatch = () =>
      uow.transact(async (repositories) => {
        const now = parts.clock.now().getTime();
        const within = { from: new Date(now - idleMs - notAfterMs), to: new Date(now - idleMs) };
        const idle = await repositories.carts.lockIdle(within, batchSize);
        for (const cart of idle) {
          await repositories.carts.update(reminded(cart));
          if (!worthReminding(cart) || cart.customerId === undefined) continue;
          await notifyWithin(repositories, parts, {
            causeEventId: cart.eventId,
            template: templateNamed("cart.abandoned"),
            customerId: cart.customerId,
            cartId: cart.id,
            variables: {
              lines: cart.items.map(({ sku, quantity }) => ({ sku, quantity })),
              pieces: cart.items.reduce((sum, { quantity }) => sum + quantity, 0),
            },
          });
        }
        return idle.length;
      }, signal);
    let done = 0;
    for (let batch = batchSize; batch === batchSize && !signal?.aborted; done += batch) batch = await remindBatch();
    return done;
  };
