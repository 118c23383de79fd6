import type { Money, UnitOfWork } from "@tandem/kernel";
import type { Category } from "../model/category.ts";
import type { CategoryEvent } from "../model/category-events.ts";
import type { Product, ProductStatus } from "../model/product.ts";
import type { ProductEvent } from "../model/product-events.ts";
import type { Seller, SellerStatus } from "../model/seller.ts";
import type { SellerEvent } from "../model/seller-events.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly nextCursor?: string | undefined;
  /** All that match; only on pages asked for by offset. */
  readonly total?: number | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly offset?: number | undefined;
}

export interface ProductCriteria {
  readonly sellerId?: string | undefined;
  /** This category and those below it. */
  readonly categoryId?: string | undefined;
  readonly status?: ProductStatus | undefined;
  readonly sku?: string | undefined;
}

export interface ProductReader {
  /** @throws AppError `catalog.product_not_found` */
  getById(productId: string): Promise<Product>;
  listByIds(productIds: readonly string[]): Promise<readonly Product[]>;
  /** Newest first. */
  listByCriteria(criteria: ProductCriteria, page: PageRequest): Promise<Page<Product>>;
}

export interface CategoryReader {
  /** @throws AppError `catalog.category_not_found` */
  getById(categoryId: string): Promise<Category>;
  listByParent(parentId: string | undefined, page: PageRequest): Promise<Page<Category>>;
}

export interface SellerReader {
  /** @throws AppError `catalog.seller_not_found` */
  getById(sellerId: string): Promise<Seller>;
  listByStatus(status: SellerStatus | undefined, page: PageRequest): Promise<Page<Seller>>;
}

/** What a shop page shows of one product. */
export interface Listing {
  readonly productId: string;
  readonly sellerId: string;
  readonly sellerName: string;
  readonly sku: string;
  readonly name: string;
  readonly categoryId?: string | undefined;
  readonly imageUrl: string;
  readonly price?: Money | undefined;
  readonly regularPrice?: Money | undefined;
  readonly available: number;
  readonly updatedAt: Date;
}

export type ListingSort = "NAME" | "PRICE_ASCENDING" | "PRICE_DESCENDING" | "NEWEST";

export interface ListingCriteria {
  readonly currency: string;
  readonly categoryId?: string | undefined;
  readonly sellerId?: string | undefined;
  readonly inStockOnly: boolean;
  /** Words in the name. */
  readonly query: string;
  readonly sort: ListingSort;
}

export interface ListingReader {
  /** @throws AppError `catalog.listing_not_found` */
  getByProductId(productId: string, currency: string): Promise<Listing>;
  listByCriteria(criteria: ListingCriteria, page: PageRequest): Promise<Page<Listing>>;
}

export interface PricePart {
  readonly currency: string;
  readonly amountMinor: bigint;
  readonly regularMinor: bigint;
}

/** The inbox row of the event in hand: the effect's one statement writes it, and tells it whether it was new. */
export interface InboxRow {
  readonly consumer: string;
  readonly eventId: string;
  written(fresh: boolean): void;
}

/** Parts of the read model; each write counts only if its version is newer than the one that is there. */
export interface ListingFeed {
  updatePrices(
    part: { readonly productId: string; readonly prices: readonly PricePart[]; readonly version: bigint },
    inbox: InboxRow,
    signal?: AbortSignal,
  ): Promise<void>;
  updateStock(
    part: { readonly productId: string; readonly available: number; readonly version: bigint; readonly at: Date },
    inbox: InboxRow,
    signal?: AbortSignal,
  ): Promise<void>;
}

export interface ProductRepository {
  /** @throws AppError `catalog.product_not_found` */
  lockById(productId: string): Promise<Product>;
  /** Returns the ids that were created; a product whose SKU its seller has already is left out. */
  createMany(products: readonly Product[]): Promise<ReadonlySet<string>>;
  /** @throws AppError `catalog.sku_taken` */
  update(product: Product): Promise<void>;
}

export interface CategoryRepository {
  /** Locks the whole tree against other moves: a cycle could otherwise be made by two of them. */
  lockTree(): Promise<void>;
  /** @throws AppError `catalog.category_not_found` */
  getById(categoryId: string): Promise<Category>;
  /** Those of the ids that exist. */
  listExisting(categoryIds: readonly string[]): Promise<ReadonlySet<string>>;
  listBelow(categoryId: string): Promise<readonly Category[]>;
  /** @throws AppError `catalog.slug_taken` */
  create(category: Category): Promise<void>;
  /** @throws AppError `catalog.slug_taken` */
  updateMany(categories: readonly Category[]): Promise<void>;
  /** @throws AppError `catalog.category_in_use` */
  delete(categoryId: string): Promise<void>;
}

export interface SellerRepository {
  /** @throws AppError `catalog.seller_not_found` */
  getById(sellerId: string): Promise<Seller>;
  /** @throws AppError `catalog.seller_not_found` */
  lockById(sellerId: string): Promise<Seller>;
  /** @throws AppError `catalog.slug_taken` */
  create(seller: Seller): Promise<void>;
  /** @throws AppError `catalog.slug_taken` */
  update(seller: Seller): Promise<void>;
}

export interface OutboxPort {
  add(...events: readonly (ProductEvent | SellerEvent | CategoryEvent)[]): Promise<void>;
}

export interface Repositories {
  readonly products: ProductRepository;
  readonly categories: CategoryRepository;
  readonly sellers: SellerRepository;
  readonly outbox: OutboxPort;
}

export type CatalogUnitOfWork = UnitOfWork<Repositories>;
