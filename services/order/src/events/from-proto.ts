import type { Address as ProtoAddress, PaymentMethod as ProtoPaymentMethod } from "@tandem/contracts/common";
import type { Address, PaymentMethod } from "../model/order.ts";

/** Validation has made sure that they are there: absent means a field that proto marks as required was not sent. */
export const addressFromProto = (address: ProtoAddress | undefined): Address => ({
  recipient: address?.recipient ?? "",
  line1: address?.line1 ?? "",
  line2: address?.line2 ?? "",
  postalCode: address?.postalCode ?? "",
  city: address?.city ?? "",
  region: address?.region ?? "",
  countryCode: address?.countryCode ?? "",
  phone: address?.phone ?? "",
});

export const paymentMethodFromProto = (method: ProtoPaymentMethod | undefined): PaymentMethod =>
  method?.method.case === "card" ? { kind: "CARD", token: method.method.value.token } : { kind: "COD" };
