import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { ACT_FOR_ANY_SELLER, mayActForSeller } from "@tandem/auth";
import { enumName } from "@tandem/contracts";
import {
  type CatalogService,
  ListingSort as ProtoListingSort,
  SellerStatus as ProtoSellerStatus,
} from "@tandem/contracts/catalog";
import { AppError } from "@tandem/kernel";
import { callOf, readPage, writePage } from "@tandem/rpc";
import type { makeCreateCategory, makeDeleteCategory, makeUpdateCategory } from "../biz/edit-category.ts";
import type { makeCreateSeller, makeUpdateSeller } from "../biz/edit-seller.ts";
import type { CategoryReader, ListingReader, ListingSort, SellerReader } from "../biz/ports.ts";
import { categoryToProto, listingToProto, sellerToProto } from "../events/to-proto.ts";
import { sellerNotFound, versionConflict } from "../model/errors.ts";
import type { SellerStatus } from "../model/seller.ts";
import { makeProductHandlers, type ProductHandlersDeps } from "./product-handlers.ts";

export interface CatalogHandlersDeps extends ProductHandlersDeps {
  readonly categories: CategoryReader;
  readonly sellers: SellerReader;
  readonly listings: ListingReader;
  readonly createCategory: ReturnType<typeof makeCreateCategory>;
  readonly updateCategory: ReturnType<typeof makeUpdateCategory>;
  readonly deleteCategory: ReturnType<typeof makeDeleteCategory>;
  readonly createSeller: ReturnType<typeof makeCreateSeller>;
  readonly updateSeller: ReturnType<typeof makeUpdateSeller>;
}

const DEFAULT_CURRENCY = "EUR";

const sortOf = (sort: ProtoListingSort): ListingSort =>
  sort === ProtoListingSort.UNSPECIFIED ? "NAME" : (enumName(ProtoListingSort, sort) as ListingSort);
const sellerStatusOf = (status: ProtoSellerStatus): SellerStatus | undefined =>
  status === ProtoSellerStatus.UNSPECIFIED ? undefined : (enumName(ProtoSellerStatus, status) as SellerStatus);

/** Sellers rename themselves; who is a seller at all, and who may sell, staff decide. */
const actsForAll = (context: HandlerContext) => callOf(context).principal.permissions.has(ACT_FOR_ANY_SELLER);
const staffOnly = (what: string) =>
  new AppError("permission_denied", "auth.permission_denied", `Only staff ${what} sellers.`);

export const makeCatalogHandlers = (deps: CatalogHandlersDeps): ServiceImpl<typeof CatalogService> => ({
  ...makeProductHandlers(deps),

  createCategory: async ({ parentId, name, slug }, { signal }) => ({
    category: categoryToProto(await deps.createCategory({ parentId: parentId || undefined, name, slug }, signal)),
  }),
  getCategory: async ({ categoryId }) => ({ category: categoryToProto(await deps.categories.getById(categoryId)) }),
  listCategories: async ({ page, parentId }) => {
    const found = await deps.categories.listByParent(parentId || undefined, readPage(page));
    return { categories: found.items.map(categoryToProto), page: writePage(found) };
  },
  updateCategory: async ({ categoryId, version, parentId, name, slug }, { signal }) => ({
    category: categoryToProto(
      await deps.updateCategory(
        { categoryId, expectedVersion: version, parentId: parentId || undefined, name, slug },
        signal,
      ),
    ),
  }),
  deleteCategory: async ({ categoryId }, { signal }) => {
    await deps.deleteCategory(categoryId, signal);
    return {};
  },

  createSeller: async ({ name, slug }, context) => {
    if (!actsForAll(context)) throw staffOnly("create");
    return { seller: sellerToProto(await deps.createSeller({ name, slug }, context.signal)) };
  },
  getSeller: async ({ sellerId }) => ({ seller: sellerToProto(await deps.sellers.getById(sellerId)) }),
  listSellers: async ({ page, status }) => {
    const found = await deps.sellers.listByStatus(sellerStatusOf(status), readPage(page));
    return { sellers: found.items.map(sellerToProto), page: writePage(found) };
  },
  updateSeller: async ({ sellerId, version, name, slug, status }, context) => {
    if (!mayActForSeller(callOf(context).principal, sellerId)) throw sellerNotFound(sellerId);
    const before = await deps.sellers.getById(sellerId);
    const wanted = sellerStatusOf(status) ?? before.status;
    if (!actsForAll(context)) {
      // The version ties this look to the update: what it finds is what the update changes, or there is none.
      if (before.version !== version) throw versionConflict("seller", before.version);
      if (wanted !== before.status) throw staffOnly("suspend and reinstate");
    }
    const seller = await deps.updateSeller(
      { sellerId, expectedVersion: version, name, slug, status: wanted },
      context.signal,
    );
    return { seller: sellerToProto(seller) };
  },

  getListing: async ({ productId, currencyCode }) => ({
    listing: listingToProto(await deps.listings.getByProductId(productId, currencyCode || DEFAULT_CURRENCY)),
  }),
  listListings: async ({ page, currencyCode, categoryId, sellerId, inStockOnly, query, sort }) => {
    const found = await deps.listings.listByCriteria(
      {
        currency: currencyCode || DEFAULT_CURRENCY,
        categoryId: categoryId || undefined,
        sellerId: sellerId || undefined,
        inStockOnly,
        query,
        sort: sortOf(sort),
      },
      readPage(page),
    );
    return { listings: found.items.map(listingToProto), page: writePage(found) };
  },
});
