import { create } from "@bufbuild/protobuf";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import type { CatalogService, Product } from "@tandem/contracts/catalog";
import { ProductInputSchema, ProductStatus } from "@tandem/contracts/catalog";
import { IDEMPOTENCY_HEADER, type RpcClient } from "@tandem/rpc";
import type { ProductDraft, Products } from "../biz/ports.ts";
import type { Failure } from "../model/task.ts";
import { toFailure } from "./to-failure.ts";

const toInput = (draft: ProductDraft) =>
  create(ProductInputSchema, {
    sku: draft.sku,
    name: draft.name,
    description: draft.description,
    categoryId: draft.categoryId,
    taxCategory: draft.taxCategory,
    status: draft.draft ? ProductStatus.DRAFT : ProductStatus.ACTIVE,
    imageUrls: [...draft.imageUrls],
    attributes: { ...draft.attributes },
  });

/** The catalogue by RPC, as this service and for whoever asked for the task. */
export const makeCatalogClient = (client: RpcClient<typeof CatalogService>): Products => {
  const validator = createValidator();
  return {
    // The catalogue refuses a whole batch for one product that breaks a rule; here it is one row that is wrong.
    check(draft) {
      const result = validator.validate(ProductInputSchema, toInput(draft));
      if (result.kind === "valid") return undefined;
      const violations = result.kind === "invalid" ? result.violations : [];
      const details = violations.map((violation) => ({ field: columnOf(violation), message: violation.message }));
      const message = details.map(({ field, message: text }) => `${field}: ${text}`).join("; ");
      return { code: "request.invalid", message: message || "breaks a rule of the catalogue", details };
    },

    async create(sellerId, drafts, key, signal) {
      const answer = await client.batchCreateProducts(
        { sellerId, products: drafts.map(toInput) },
        { signal, headers: { [IDEMPOTENCY_HEADER]: key }, timeoutMs: 20_000 },
      );
      return answer.results.map(({ outcome }): string | Failure =>
        outcome.case === "product" ? outcome.value.productId : toFailure(outcome.value),
      );
    },

    async findSame(sellerId, draft, signal) {
      const { products } = await client.listProducts({ sellerId, sku: draft.sku, page: { limit: 1 } }, { signal });
      const [product] = products;
      return product && isSame(product, draft) ? product.productId : undefined;
    },

    async listIds(sellerId, cursor, signal) {
      const page = { limit: 200, ...(cursor ? { position: { case: "cursor" as const, value: cursor } } : {}) };
      const answer = await client.listProducts({ sellerId, page }, { signal });
      return {
        items: answer.products.map(({ productId }) => productId),
        nextCursor: answer.page?.nextCursor || undefined,
      };
    },
  };
};

const isSame = (product: Product, draft: ProductDraft): boolean =>
  product.name === draft.name &&
  product.description === draft.description &&
  product.categoryId === draft.categoryId &&
  (product.taxCategory === draft.taxCategory || (draft.taxCategory === "" && product.taxCategory === "standard")) &&
  product.status === (draft.draft ? ProductStatus.DRAFT : ProductStatus.ACTIVE) &&
  product.imageUrls.join("\n") === draft.imageUrls.join("\n") &&
  textOf(product.attributes) === textOf(draft.attributes);

const textOf = (attributes: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));

/** The file's name of what the rule is about: `tax_category`. */
const columnOf = ({ field }: Violation): string => {
  const [first] = field;
  const name = first?.kind === "field" ? first.name : "row";
  return name === "image_urls" ? "image_url" : name;
};
