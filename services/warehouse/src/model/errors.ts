import { AppError } from "@tandem/kernel";

export const stockNotFound = (productId: string) =>
  new AppError("not_found", "warehouse.stock_not_found", `There is no stock record for product ${productId}.`, {
    details: [{ field: "productId", rule: "exists", message: "unknown product" }],
  });

export const reservationNotFound = (orderId: string) =>
  new AppError("not_found", "warehouse.reservation_not_found", `Order ${orderId} has no reservation.`, {
    details: [{ field: "orderId", rule: "exists", message: "no reservation for this order" }],
  });

export const insufficientStock = (productId: string, wanted: number, available: number) =>
  new AppError(
    "failed_precondition",
    "warehouse.insufficient_stock",
    `Product ${productId} has ${available} available, ${wanted} wanted.`,
    { details: [{ field: "quantity", rule: "available", message: `at most ${available}` }] },
  );

export const stockOverflow = (productId: string, most: number) =>
  new AppError("invalid_argument", "request.invalid", `Product ${productId} cannot have more than ${most} pieces.`, {
    details: [{ field: "delta", rule: "on_hand.max", message: `on hand at most ${most}` }],
  });
