import { CustomerChange, CustomerUpdatedSchema } from "@tandem/contracts/customer";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeEraseUser } from "../../biz/manage-users.ts";

/**
 * Forgets a person who asked for it: credentials go, sessions end. Again: nothing more happens. Too early, before the account: a tombstone takes its id. All
 * other changes of a customer are none of ours.
 */
export const onCustomerUpdated = ({ eraseUser }: { readonly eraseUser: ReturnType<typeof makeEraseUser> }): Consumer =>
  defineConsumer({
    name: "auth.on-customer-updated",
    event: CustomerUpdatedSchema,
    handle: async ({ customerId, change }, { signal }) => {
      if (change === CustomerChange.ERASED) await eraseUser(customerId, signal);
    },
  });
