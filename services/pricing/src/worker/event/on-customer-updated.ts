import { CustomerChange, CustomerUpdatedSchema } from "@tandem/contracts/customer";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeFollowSegment } from "../../biz/follow-segment.ts";

/** Whose quotes have which list's prices. Older news and repeats change nothing; who was forgotten pays what everybody pays. */
export const onCustomerUpdated = (deps: { readonly followSegment: ReturnType<typeof makeFollowSegment> }): Consumer =>
  defineConsumer({
    name: "pricing.on-customer-updated",
    event: CustomerUpdatedSchema,
    handle: ({ customerId, aggregateVersion, change, customer }, { signal }) => {
      const segment = change === CustomerChange.ERASED ? "" : (customer?.segment ?? "");
      return deps.followSegment({ customerId, segment, version: aggregateVersion }, signal);
    },
  });
