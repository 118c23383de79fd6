import type { Clock } from "@tandem/kernel";
import { type Seller, updateSeller } from "../model/seller.ts";
import { sellerChanged } from "../model/seller-events.ts";
import type { CatalogUnitOfWork } from "./ports.ts";

export interface EditSellerDeps {
  readonly uow: CatalogUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** @throws AppError `catalog.slug_taken` */
export const makeCreateSeller =
  ({ uow, clock, newId }: EditSellerDeps) =>
  ({ name, slug }: Pick<Seller, "name" | "slug">, signal?: AbortSignal): Promise<Seller> =>
    uow.transact(async ({ sellers, outbox }) => {
      const now = clock.now();
      const seller: Seller = { id: newId(), name, slug, status: "ACTIVE", createdAt: now, updatedAt: now, version: 1n };
      await sellers.create(seller);
      await outbox.add(sellerChanged(seller, now));
      return seller;
    }, signal);

export interface UpdateSellerInput extends Pick<Seller, "name" | "slug" | "status"> {
  readonly sellerId: string;
  readonly expectedVersion: bigint;
}

/** @throws AppError `catalog.seller_not_found`, `catalog.slug_taken`, `catalog.version_conflict` */
export const makeUpdateSeller =
  ({ uow, clock }: Omit<EditSellerDeps, "newId">) =>
  ({ sellerId, expectedVersion, ...change }: UpdateSellerInput, signal?: AbortSignal): Promise<Seller> =>
    uow.transact(async ({ sellers, outbox }) => {
      const now = clock.now();
      const after = updateSeller(await sellers.lockById(sellerId), change, expectedVersion, now);
      await sellers.update(after);
      await outbox.add(sellerChanged(after, now));
      return after;
    }, signal);
