import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { ACT_FOR_ANY_CUSTOMER, assertMayActFor } from "@tandem/auth";
import type { CustomerService } from "@tandem/contracts/customer";
import type { Clock } from "@tandem/kernel";
import { callOf, readPage, writePage } from "@tandem/rpc";
import type { makeEditAddresses } from "../biz/edit-addresses.ts";
import type { makeEraseCustomer } from "../biz/erase-customer.ts";
import type { makeExportData } from "../biz/export-data.ts";
import type { AddressReader, CustomerReader, OrderRecordReader } from "../biz/ports.ts";
import type { makeUpdateProfile } from "../biz/update-profile.ts";
import { postalAddressFromProto } from "../events/from-proto.ts";
import { addressToProto, customerToProto, orderRecordToProto, statisticsToProto } from "../events/to-proto.ts";
import type { Address } from "../model/address-book.ts";
import { customerNotFound } from "../model/errors.ts";
import type { Segment } from "../model/segment.ts";

export interface CustomerHandlersDeps {
  readonly customers: CustomerReader;
  readonly addresses: AddressReader;
  readonly orders: OrderRecordReader;
  readonly updateProfile: ReturnType<typeof makeUpdateProfile>;
  readonly editAddresses: ReturnType<typeof makeEditAddresses>;
  readonly exportData: ReturnType<typeof makeExportData>;
  readonly eraseCustomer: ReturnType<typeof makeEraseCustomer>;
  readonly clock: Clock;
}

/** Somebody else's id answers exactly like an unknown one. */
const assertOwn = (customerId: string, context: HandlerContext): void =>
  assertMayActFor(callOf(context).principal, customerId, () => customerNotFound(customerId));

/** The default first, then the newest. */
const inOrder = (a: Address, b: Address): number => Number(b.isDefault) - Number(a.isDefault) || (a.id < b.id ? 1 : -1);

export const makeCustomerHandlers = (deps: CustomerHandlersDeps): ServiceImpl<typeof CustomerService> => {
  const { customers, addresses, orders, editAddresses } = deps;
  /** The person is there: addresses and figures of nobody are not empty, they are not found. */
  const read = (customerId: string, context: HandlerContext) => {
    assertOwn(customerId, context);
    return customers.getById(customerId);
  };

  return {
    getMyProfile: async (_request, context) => {
      const customerId = callOf(context).principal.customerId ?? "";
      if (!customerId) throw customerNotFound("me");
      return { customer: customerToProto(await customers.getById(customerId)) };
    },

    getCustomer: async ({ customerId }, context) => ({ customer: customerToProto(await read(customerId, context)) }),

    listCustomers: async ({ page, segment, emailPrefix }) => {
      const criteria = { segment: (segment as Segment) || undefined, emailPrefix: emailPrefix || undefined };
      const found = await customers.listByCriteria(criteria, readPage(page));
      return { customers: found.items.map(customerToProto), page: writePage(found) };
    },

    updateProfile: async ({ customerId, version, displayName, phone, locale, timeZone }, context) => {
      assertOwn(customerId, context);
      const fields = { displayName, phone, locale, timeZone };
      const after = await deps.updateProfile({ customerId, fields, expectedVersion: version }, context.signal);
      return { customer: customerToProto(after) };
    },

    listAddresses: async ({ customerId }, context) => {
      await read(customerId, context);
      const book = await addresses.listByCustomerId(customerId);
      return { addresses: [...book].sort(inOrder).map(addressToProto) };
    },

    addAddress: async ({ customerId, label, address, makeDefault }, context) => {
      assertOwn(customerId, context);
      const added = await editAddresses.add(
        { ...postalAddressFromProto(address), customerId, label, makeDefault },
        context.signal,
      );
      return { address: addressToProto(added) };
    },

    updateAddress: async ({ customerId, addressId, label, address }, context) => {
      assertOwn(customerId, context);
      const fields = { ...postalAddressFromProto(address), label };
      return { address: addressToProto(await editAddresses.change({ customerId, addressId, fields }, context.signal)) };
    },

    deleteAddress: async ({ customerId, addressId }, context) => {
      assertOwn(customerId, context);
      await editAddresses.remove({ customerId, addressId }, context.signal);
      return {};
    },

    setDefaultAddress: async ({ customerId, addressId }, context) => {
      assertOwn(customerId, context);
      return { address: addressToProto(await editAddresses.setDefault({ customerId, addressId }, context.signal)) };
    },

    getOrderStatistics: async ({ customerId }, context) => {
      await read(customerId, context);
      return { statistics: statisticsToProto(await orders.getStatistics(customerId)) };
    },

    exportMyData: async ({ customerId }, context) => {
      assertOwn(customerId, context);
      const held = await deps.exportData(customerId);
      return {
        exportedAt: timestampFromDate(deps.clock.now()),
        customer: customerToProto(held.customer),
        addresses: held.addresses.map(addressToProto),
        statistics: statisticsToProto(held.statistics),
        orders: held.orders.map(orderRecordToProto),
      };
    },

    eraseCustomer: async ({ customerId, confirmEmail }, context) => {
      assertOwn(customerId, context);
      const forStaff = callOf(context).principal.permissions.has(ACT_FOR_ANY_CUSTOMER);
      const input = { customerId, confirmEmail: forStaff ? undefined : confirmEmail };
      return { customer: customerToProto(await deps.eraseCustomer(input, context.signal)) };
    },
  };
};
