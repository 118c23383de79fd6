import type { Seller } from "./seller.ts";

export interface SellerEvent {
  readonly type: "seller.changed";
  readonly seller: Seller;
  readonly at: Date;
}

export const sellerChanged = (seller: Seller, at: Date): SellerEvent => ({ type: "seller.changed", seller, at });
