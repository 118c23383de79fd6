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
  new AppError("unavailable", "order.quote_unavailable", "The prices changed while you ordered: try again.");

export const cartNotFound = (cartId: string) =>
  new AppError("not_found", "cart.not_found", `There is no cart ${cartId}.`);

export const cartEmpty = (cartId: string) =>
  new AppError("failed_precondition", "cart.empty", `Cart ${cartId} is empty.`);

export const cartCheckedOut = (cartId: string, orderId: string) =>
  new AppError("failed_precondition", "cart.checked_out", `Cart ${cartId} became order ${orderId}.`);

export const cartFull = (max: number) =>
  new AppError("failed_precondition", "cart.full", `A cart holds at most ${max} products.`);

export const cartProductUnavailable = (productId: string) =>
  new AppError("failed_precondition", "cart.product_unavailable", `Product ${productId} is not sold any more.`, {
    details: [{ field: "productId", rule: "for_sale", message: "it was deleted" }],
  });

export const cartCurrencyMismatch = (currency: string) =>
  new AppError("failed_precondition", "cart.currency_mismatch", `The cart is in ${currency}.`, {
    details: [{ field: "currencyCode", rule: "same_currency", message: `expected ${currency}` }],
  });

export const customerMissing = () =>
  new AppError("invalid_argument", "order.customer_missing", "Neither the request nor the token names a customer.", {
    details: [{ field: "customerId", rule: "required", message: "required for callers who are no customer" }],
  });

export const totalChanged = (expected: bigint, actual: bigint) =>
  new AppError("failed_precondition", "order.total_changed", `The total is ${actual}, not ${expected} as expected.`, {
    details: [{ field: "expectedTotal", rule: "current", message: "ask for a new quote" }],
  });

export const cartChanged = (cartId: string) =>
  new AppError("conflict", "cart.version_conflict", `Cart ${cartId} was changed meanwhile: read it again.`, {
    retryable: false,
  });

export const returnNotAllowed = (orderId: string, status: OrderStatus) =>
  new AppError(
    "failed_precondition",
    "order.return_not_allowed",
    `Order ${orderId} is ${status.toLowerCase()}: only what was delivered can be returned.`,
  );

export const returnLinesInvalid = (why: string) =>
  new AppError("invalid_argument", "order.return_lines_invalid", `This cannot be returned: ${why}.`, {
    details: [{ field: "lines", rule: "returnable", message: why }],
  });

export const returnNotFound = (returnId: string) =>
  new AppError("not_found", "order.return_not_found", `The order has no return ${returnId}.`);

export const orderNotThatFar = (orderId: string, current: bigint) =>
  new AppError("failed_precondition", "order.not_that_far", `Order ${orderId} is at version ${current}.`, {
    retryable: true,
    details: [{ field: "minVersion", rule: "reached", message: `the current version is ${current}` }],
  });
