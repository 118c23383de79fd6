import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { mayActForSeller } from "@tandem/auth";
import { enumName } from "@tandem/contracts";
import { type CatalogService, ProductStatus as ProtoProductStatus } from "@tandem/contracts/catalog";
import { AppError } from "@tandem/kernel";
import { callOf, readPage, summaryOf, toErrorInfo, writePage } from "@tandem/rpc";
import type { makeCreateProducts } from "../biz/create-products.ts";
import type { makeArchiveProduct, makeUpdateProduct } from "../biz/edit-product.ts";
import type { ProductReader } from "../biz/ports.ts";
import { productFieldsFromProto } from "../events/from-proto.ts";
import { productToProto } from "../events/to-proto.ts";
import { productNotFound, sellerNotFound } from "../model/errors.ts";
import type { Product, ProductStatus } from "../model/product.ts";

export interface ProductHandlersDeps {
  readonly products: ProductReader;
  readonly createProducts: ReturnType<typeof makeCreateProducts>;
  readonly updateProduct: ReturnType<typeof makeUpdateProduct>;
  readonly archiveProduct: ReturnType<typeof makeArchiveProduct>;
}

type ProductMethods = Pick<
  ServiceImpl<typeof CatalogService>,
  | "createProduct"
  | "batchCreateProducts"
  | "getProduct"
  | "listProducts"
  | "batchGetProducts"
  | "updateProduct"
  | "deleteProduct"
>;

const actsFor = (context: HandlerContext) => (sellerId: string) => mayActForSeller(callOf(context).principal, sellerId);

/** Drafts and archived products are their seller's business. */
const mayRead = (product: Product, context: HandlerContext): boolean =>
  product.status === "ACTIVE" || actsFor(context)(product.sellerId);

export const makeProductHandlers = (deps: ProductHandlersDeps): ProductMethods => {
  const create = (
    sellerId: string,
    inputs: Parameters<typeof productFieldsFromProto>[0][],
    context: HandlerContext,
  ) => {
    if (!actsFor(context)(sellerId)) throw sellerNotFound(sellerId);
    return deps.createProducts({ sellerId, products: inputs.map(productFieldsFromProto) }, context.signal);
  };
  const toResult = (outcome: Product | AppError) =>
    outcome instanceof AppError
      ? { productId: "", outcome: { case: "error" as const, value: toErrorInfo(outcome) } }
      : { productId: outcome.id, outcome: { case: "product" as const, value: productToProto(outcome) } };

  return {
    createProduct: async ({ sellerId, product }, context) => {
      const [outcome] = await create(sellerId, [product], context);
      if (outcome === undefined || outcome instanceof AppError) throw outcome;
      return { product: productToProto(outcome) };
    },

    batchCreateProducts: async ({ sellerId, products }, context) => {
      const results = (await create(sellerId, products, context)).map(toResult);
      return { results, summary: summaryOf(results.map(({ outcome }) => outcome)) };
    },

    getProduct: async ({ productId }, context) => {
      const product = await deps.products.getById(productId);
      if (!mayRead(product, context)) throw productNotFound(productId);
      return { product: productToProto(product) };
    },

    listProducts: async ({ page, sellerId, categoryId, status, sku }, context) => {
      const mayReadAll = actsFor(context)(sellerId || "any");
      const wanted =
        status === ProtoProductStatus.UNSPECIFIED ? undefined : (enumName(ProtoProductStatus, status) as ProductStatus);
      const found = await deps.products.listByCriteria(
        {
          sellerId: sellerId || undefined,
          categoryId: categoryId || undefined,
          status: mayReadAll ? wanted : "ACTIVE",
          sku: sku || undefined,
        },
        readPage(page),
      );
      return { products: found.items.map(productToProto), page: writePage(found) };
    },

    batchGetProducts: async ({ productIds }, context) => {
      const found = new Map((await deps.products.listByIds(productIds)).map((product) => [product.id, product]));
      const results = productIds.map((productId) => {
        const product = found.get(productId);
        return { ...toResult(product && mayRead(product, context) ? product : productNotFound(productId)), productId };
      });
      return { results, summary: summaryOf(results.map(({ outcome }) => outcome)) };
    },

    updateProduct: async ({ productId, version, product }, context) => ({
      product: productToProto(
        await deps.updateProduct(
          {
            productId,
            fields: productFieldsFromProto(product),
            expectedVersion: version,
            mayActForSeller: actsFor(context),
          },
          context.signal,
        ),
      ),
    }),

    deleteProduct: async ({ productId }, context) => {
      await deps.archiveProduct({ productId, mayActForSeller: actsFor(context) }, context.signal);
      return {};
    },
  };
};
