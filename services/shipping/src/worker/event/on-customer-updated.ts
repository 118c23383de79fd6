import { CustomerChange, CustomerUpdatedSchema } from "@tandem/contracts/customer";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeEraseCustomer } from "../../biz/follow-fulfillment.ts";

/**
 * ERASED: the addresses of parcels at their end go, those of others when they get there, those of parcels still unheard of too. Again: nothing.
 */
export const onCustomerUpdated = (deps: { readonly eraseCustomer: ReturnType<typeof makeEraseCustomer> }): Consumer =>
  defineConsumer({
    name: "shipping.on-customer-updated",
    event: CustomerUpdatedSchema,
    handle: async ({ customerId, change }, { ignore, signal }) => {
      if (change !== CustomerChange.ERASED) return ignore();
      await deps.eraseCustomer(customerId, signal);
    },
  });
