import { type Money, money } from "@tandem/kernel";

/** UNKNOWN: its price was told before the product itself. */
export type CartProductStatus = "UNKNOWN" | "DRAFT" | "ACTIVE" | "ARCHIVED";

/** What a cart shows of a product; it may be seconds behind, and the quote at checkout decides. */
export interface CartProduct {
  readonly productId: string;
  /** Empty while unknown. */
  readonly name: string;
  readonly status: CartProductStatus;
  /** Of one piece, in minor units by currency. */
  readonly prices: ReadonlyMap<string, bigint>;
}

/** Catalog's part of it. */
export interface CartProductPart {
  readonly productId: string;
  readonly name: string;
  readonly status: Exclude<CartProductStatus, "UNKNOWN">;
  /** Catalog's aggregate version of the product. */
  readonly version: bigint;
}

/** Pricing's part of it: all of the product's prices. */
export interface CartPricePart {
  readonly productId: string;
  readonly prices: ReadonlyMap<string, bigint>;
  /** Pricing's aggregate version, which is not catalog's. */
  readonly version: bigint;
}

/** Undefined while nobody has told. */
export const isForSale = ({ status }: CartProduct): boolean | undefined =>
  status === "UNKNOWN" ? undefined : status === "ACTIVE";

/** A draft may be for sale by the time of the checkout; what was deleted will not be. */
export const isGone = ({ status }: CartProduct): boolean => status === "ARCHIVED";

/** Undefined without a known price in this currency. */
export const priceIn = ({ prices }: CartProduct, currency: string): Money | undefined => {
  const minor = prices.get(currency);
  return minor === undefined ? undefined : money(currency, minor);
};
