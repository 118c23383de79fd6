import { timestampDate } from "@bufbuild/protobuf/wkt";
import { enumName } from "@tandem/contracts";
import type { UserRegistered } from "@tandem/contracts/auth";
import type { Address as ProtoAddress } from "@tandem/contracts/common";
import { type Order, OrderStatus as ProtoOrderStatus, ReturnStatus } from "@tandem/contracts/order";
import { AppError, isId } from "@tandem/kernel";
import type { PostalAddress } from "../model/address-book.ts";
import type { Registration } from "../model/customer.ts";
import type { OrderRecord, OrderStatus } from "../model/order-statistics.ts";

export const postalAddressFromProto = (address: ProtoAddress | undefined): PostalAddress => ({
  recipient: address?.recipient ?? "",
  line1: address?.line1 ?? "",
  line2: address?.line2 ?? "",
  postalCode: address?.postalCode ?? "",
  city: address?.city ?? "",
  region: address?.region ?? "",
  countryCode: address?.countryCode ?? "",
  phone: address?.phone ?? "",
});

const incomplete = (about: string, field: string) =>
  new AppError("invalid_argument", "event.incomplete", `The event about ${about} lacks ${field}.`, {
    details: [{ field, rule: "required", message: "missing" }],
  });

/**
 * Undefined for a user who buys nothing: a seller's people, staff.
 * @throws AppError `event.incomplete`: a dead letter at once
 */
export const registrationFromProto = (event: UserRegistered): Registration | undefined => {
  const { customerId } = event;
  if (customerId === "") return undefined;
  if (!isId(customerId)) throw incomplete(`user ${event.userId}`, "customer_id");
  if (!event.email) throw incomplete(`user ${event.userId}`, "email");
  return {
    customerId,
    email: event.email,
    displayName: event.displayName,
    locale: event.locale,
    registeredAt: event.occurredAt ? timestampDate(event.occurredAt) : new Date(0),
  };
};

/** Goods of these returns are back. */
const BACK: ReadonlySet<ReturnStatus> = new Set([ReturnStatus.RECEIVED, ReturnStatus.REFUNDED]);

/** @throws AppError `event.incomplete`: a dead letter at once */
export const orderRecordFromProto = (orderId: string, version: bigint, order: Order | undefined): OrderRecord => {
  const total = order?.totals?.total;
  if (!order || !isId(order.customerId)) throw incomplete(`order ${orderId}`, "customer_id");
  if (!total || !/^[A-Z]{3}$/.test(total.currencyCode)) throw incomplete(`order ${orderId}`, "totals");
  if (!order.createdAt) throw incomplete(`order ${orderId}`, "created_at");
  const back = order.returns.filter(({ status }) => BACK.has(status));
  return {
    orderId,
    customerId: order.customerId,
    version,
    status: enumName(ProtoOrderStatus, order.status) as OrderStatus,
    confirmed: order.confirmedAt !== undefined,
    currency: total.currencyCode,
    totalMinor: total.amountMinor,
    returnedMinor: back.reduce((sum, { refund }) => sum + (refund?.amountMinor ?? 0n), 0n),
    returned: back.length > 0,
    placedAt: timestampDate(order.createdAt),
  };
};
