import { CustomerChange, CustomerUpdatedSchema } from "@tandem/contracts/customer";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeForgetCustomer } from "../../biz/forget-customer.ts";

/** ERASED: finished orders are blanked by the next run of `order.erasure`, running ones as they end. Again: nothing. Before any order: remembered. */
export const onCustomerUpdated = (deps: { readonly forgetCustomer: ReturnType<typeof makeForgetCustomer> }): Consumer =>
  defineConsumer({
    name: "order.on-customer-updated",
    event: CustomerUpdatedSchema,
    handle: async ({ customerId, change }, { signal, ignore }) => {
      if (change !== CustomerChange.ERASED) return ignore();
      await deps.forgetCustomer(customerId, signal);
    },
  });
