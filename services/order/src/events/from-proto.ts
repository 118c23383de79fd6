import { enumName } from "@tandem/contracts";
import { type Product, ProductStatus } from "@tandem/contracts/catalog";
import {
  moneyFromProto,
  type Address as ProtoAddress,
  type PaymentMethod as ProtoPaymentMethod,
} from "@tandem/contracts/common";
import type { Price } from "@tandem/contracts/pricing";
import { AppError } from "@tandem/kernel";
import type { CartProductPart } from "../model/cart-product.ts";
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

const productStatuses: ReadonlySet<string> = new Set<CartProductPart["status"]>(["DRAFT", "ACTIVE", "ARCHIVED"]);

/**
 * A status of a newer catalog counts as not for sale.
 * @throws AppError `event.incomplete`: nothing will make it right, so it becomes a dead letter at once
 */
export const cartProductFromProto = (
  productId: string,
  version: bigint,
  product: Product | undefined,
): CartProductPart => {
  if (!product) {
    throw new AppError("invalid_argument", "event.incomplete", `The event about product ${productId} lacks product.`, {
      details: [{ field: "product", rule: "required", message: "missing" }],
    });
  }
  const status = enumName(ProductStatus, product.status);
  return {
    productId,
    version,
    name: product.name,
    status: productStatuses.has(status) ? (status as CartProductPart["status"]) : "DRAFT",
  };
};

export const cartPricesFromProto = (prices: readonly Price[]): ReadonlyMap<string, bigint> =>
  new Map(
    prices.map(({ amount }) => {
      const { currency, minor } = moneyFromProto(amount);
      return [currency, minor];
    }),
  );
