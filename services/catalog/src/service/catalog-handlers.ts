import type { ServiceImpl } from "@connectrpc/connect";
import { enumName } from "@tandem/contracts";
import {
  type CatalogService,
  ListingSort as ProtoListingSort,
  SellerStatus as ProtoSellerStatus,
} from "@tandem/contracts/catalog";
import { readPage, writePage } from "@tandem/rpc";
import type { makeCreateCategory, makeDeleteCategory, makeUpdateCategory } from "../biz/edit-category.ts";
import type { makeCreateSeller, makeUpdateSeller } from "../biz/edit-seller.ts";
import type { CategoryReader, ListingReader, ListingSort, SellerReader } from "../biz/ports.ts";
import { categoryToProto, listingToProto, sellerToProto } from "../events/to-proto.ts";
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

  createSeller: async ({ name, slug }, { signal }) => ({
    seller: sellerToProto(await deps.createSeller({ name, slug }, signal)),
  }),
  getSeller: async ({ sellerId }) => ({ seller: sellerToProto(await deps.sellers.getById(sellerId)) }),
  listSellers: async ({ page, status }) => {
    const found = await deps.sellers.listByStatus(sellerStatusOf(status), readPage(page));
    return { sellers: found.items.map(sellerToProto), page: writePage(found) };
  },
  updateSeller: async ({ sellerId, version, name, slug, status }, { signal }) => ({
    seller: sellerToProto(
      await deps.updateSeller(
        { sellerId, expectedVersion: version, name, slug, status: sellerStatusOf(status) ?? "ACTIVE" },
        signal,
      ),
    ),
  }),

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
