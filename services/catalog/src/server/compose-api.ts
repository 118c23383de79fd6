import type { ApiConfig, ApiParts, Platform } from "@tandem/chassis";
import { CatalogService } from "@tandem/contracts/catalog";
import { newId } from "@tandem/kernel";
import { registerService } from "@tandem/rpc";
import { makeCreateProducts } from "../biz/create-products.ts";
import { makeCreateCategory, makeDeleteCategory, makeUpdateCategory } from "../biz/edit-category.ts";
import { makeArchiveProduct, makeUpdateProduct } from "../biz/edit-product.ts";
import { makeCreateSeller, makeUpdateSeller } from "../biz/edit-seller.ts";
import { makeCategoryReader } from "../data/category-reader.ts";
import { makeListingReader } from "../data/listing-reader.ts";
import { makeProductReader } from "../data/product-reader.ts";
import { makeSellerReader } from "../data/seller-reader.ts";
import { makeCatalogUnitOfWork } from "../data/unit-of-work.ts";
import { makeCatalogHandlers } from "../service/catalog-handlers.ts";

export const composeApi = ({ database, outbox, clock }: Platform<ApiConfig>): ApiParts => {
  const deps = { uow: makeCatalogUnitOfWork(database, outbox), clock, newId };
  const handlers = makeCatalogHandlers({
    products: makeProductReader(database.orm),
    categories: makeCategoryReader(database.orm),
    sellers: makeSellerReader(database.orm),
    listings: makeListingReader(database),
    createProducts: makeCreateProducts(deps),
    updateProduct: makeUpdateProduct(deps),
    archiveProduct: makeArchiveProduct(deps),
    createCategory: makeCreateCategory(deps),
    updateCategory: makeUpdateCategory(deps),
    deleteCategory: makeDeleteCategory(deps),
    createSeller: makeCreateSeller(deps),
    updateSeller: makeUpdateSeller(deps),
  });
  return { services: [registerService(CatalogService, handlers)] };
};
