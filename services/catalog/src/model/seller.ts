import { versionConflict } from "./errors.ts";

export type SellerStatus = "ACTIVE" | "SUSPENDED";

export interface Seller {
  readonly id: string;
  readonly name: string;
  /** For URLs, unique. */
  readonly slug: string;
  readonly status: SellerStatus;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly version: bigint;
}

/** @throws AppError `catalog.version_conflict` */
export const updateSeller = (
  seller: Seller,
  change: Pick<Seller, "name" | "slug" | "status">,
  expectedVersion: bigint,
  now: Date,
): Seller => {
  if (seller.version !== expectedVersion) throw versionConflict("seller", seller.version);
  return { ...seller, ...change, updatedAt: now, version: seller.version + 1n };
};
