import { AppError, isId } from "@tandem/kernel";

/** @throws AppError `event.incomplete`: the event can never be handled */
export const sellerOf = (productId: string, sellerId = ""): string => {
  if (isId(sellerId)) return sellerId;
  throw new AppError("invalid_argument", "event.incomplete", `The event about product ${productId} lacks a seller.`);
};
