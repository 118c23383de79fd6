import type { Address } from "./address-book.ts";
import type { Customer } from "./customer.ts";

export type CustomerChange = "CREATED" | "PROFILE" | "ADDRESSES" | "SEGMENT" | "ERASED";

/** What happened, in the context's own words; `events/` puts it into proto. */
export interface CustomerEvent {
  readonly type: "customer.updated";
  readonly change: CustomerChange;
  readonly customer: Customer;
  readonly defaultAddress?: Address | undefined;
  readonly at: Date;
}

export const customerUpdated = (
  change: CustomerChange,
  customer: Customer,
  defaultAddress: Address | undefined,
  at: Date,
): CustomerEvent => ({ type: "customer.updated", change, customer, defaultAddress, at });
