import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { CustomerUpdatedSchema, CustomerChange as ProtoCustomerChange } from "@tandem/contracts/customer";
import { newEvent, type OutgoingEvent } from "@tandem/messaging";
import type { CustomerEvent } from "../model/customer-events.ts";
import { postalAddressToProto } from "./to-proto.ts";

/** With the snapshot as it is after the change; of somebody forgotten, nothing but the id. */
export const toOutgoingEvent = ({ change, customer, defaultAddress, at }: CustomerEvent): OutgoingEvent =>
  newEvent(CustomerUpdatedSchema, {
    customerId: customer.id,
    aggregateVersion: customer.version,
    occurredAt: timestampFromDate(at),
    change: ProtoCustomerChange[change],
    customer: customer.erasedAt
      ? { customerId: customer.id }
      : {
          customerId: customer.id,
          email: customer.email,
          displayName: customer.displayName,
          phone: customer.phone,
          locale: customer.locale,
          timeZone: customer.timeZone,
          segment: customer.segment,
          ...(defaultAddress ? { defaultAddress: postalAddressToProto(defaultAddress) } : {}),
        },
  });
