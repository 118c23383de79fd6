import { AppError } from "@tandem/kernel";
import type { OrderStatus } from "./order.ts";

export const orderNotFound = (orderId: string) =>
  new AppError("not_found", "order.not_found", `There is no order ${orderId}.`);

export const orderEmpty = () =>
  new AppError("invalid_argument", "order.empty", "An order has at least one item.", {
    details: [{ field: "items", rule: "min_items", message: "at least one item" }],
  });

export const orderAlreadyShipped = (orderId: string, status: OrderStatus) =>
  new AppError(
    "failed_precondition",
    "order.already_shipped",
    `Order ${orderId} is ${status.toLowerCase()}: it can be returned, not cancelled.`,
  );

export const orderNotEditable = (orderId: string, status: OrderStatus) =>
  new AppError(
    "failed_precondition",
    "order.not_editable",
    `Order ${orderId} is ${status.toLowerCase()}: only a pending order can be changed.`,
  );

export const orderVersionConflict = (orderId: string, current: bigint) =>
  new AppError("conflict", "order.version_conflict", `Order ${orderId} was changed meanwhile: read it again.`, {
    retryable: false,
    details: [{ field: "version", rule: "current", message: `the current version is ${current}` }],
  });

export const quoteExpired = () =>
  new AppError(
    "failed_precondition",
    "order.quote_expired",
    "The prices of this quote are no longer valid: ask again.",
  );

export const cartNotFound = (cartId: string) =>
  new AppError("not_found", "order.cart_not_found", `There is no cart ${cartId}.`);

export const cartEmpty = (cartId: string) =>
  new AppError("failed_precondition", "order.cart_empty", `Cart ${cartId} is empty.`);

export const cartChanged = (cartId: string) =>
  new AppError("conflict", "order.cart_changed", `Cart ${cartId} was changed meanwhile: read it again.`, {
    retryable: false,
  });
