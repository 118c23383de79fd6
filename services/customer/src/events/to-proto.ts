import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { AddressSchema, MoneySchema } from "@tandem/contracts/common";
import {
  CustomerAddressSchema,
  CustomerSchema,
  OrderRecordSchema,
  OrderStatisticsSchema,
} from "@tandem/contracts/customer";
import { OrderStatus as ProtoOrderStatus } from "@tandem/contracts/order";
import type { Address, PostalAddress } from "../model/address-book.ts";
import type { Customer } from "../model/customer.ts";
import type { OrderRecord, OrderStatistics } from "../model/order-statistics.ts";

export const customerToProto = (customer: Customer) =>
  create(CustomerSchema, {
    customerId: customer.id,
    email: customer.email,
    displayName: customer.displayName,
    phone: customer.phone,
    locale: customer.locale,
    timeZone: customer.timeZone,
    segment: customer.segment,
    version: customer.version,
    registeredAt: timestampFromDate(customer.registeredAt),
    updatedAt: timestampFromDate(customer.updatedAt),
    erasedAt: customer.erasedAt && timestampFromDate(customer.erasedAt),
  });

export const postalAddressToProto = (address: PostalAddress) =>
  create(AddressSchema, {
    recipient: address.recipient,
    line1: address.line1,
    line2: address.line2,
    postalCode: address.postalCode,
    city: address.city,
    region: address.region,
    countryCode: address.countryCode,
    phone: address.phone,
  });

export const addressToProto = (address: Address) =>
  create(CustomerAddressSchema, {
    addressId: address.id,
    label: address.label,
    address: postalAddressToProto(address),
    isDefault: address.isDefault,
    createdAt: timestampFromDate(address.createdAt),
    updatedAt: timestampFromDate(address.updatedAt),
  });

const amount = (currencyCode: string, amountMinor: bigint) => create(MoneySchema, { currencyCode, amountMinor });

export const statisticsToProto = (statistics: OrderStatistics) =>
  create(OrderStatisticsSchema, {
    orders: BigInt(statistics.orders),
    cancelled: BigInt(statistics.cancelled),
    returned: BigInt(statistics.returned),
    spent: Object.entries(statistics.spent)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([currency, minor]) => amount(currency, minor)),
    lastOrderAt: statistics.lastOrderAt && timestampFromDate(statistics.lastOrderAt),
  });

export const orderRecordToProto = (record: OrderRecord) =>
  create(OrderRecordSchema, {
    orderId: record.orderId,
    status: ProtoOrderStatus[record.status],
    total: amount(record.currency, record.totalMinor),
    returned: amount(record.currency, record.returnedMinor),
    placedAt: timestampFromDate(record.placedAt),
  });
