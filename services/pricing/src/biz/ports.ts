import type { UnitOfWork } from "@tandem/kernel";
import type { Price, PriceList, ProductPrices } from "../model/price.ts";
import type { PriceChangeCause, PricingEvent } from "../model/pricing-events.ts";
import type { Product } from "../model/product.ts";
import type { Promotion, PromotionStatus, PromotionTerms } from "../model/promotion.ts";
import type { Quote } from "../model/quote.ts";
import type { TaxRate } from "../model/tax-rate.ts";
import type { Voucher, VoucherUses } from "../model/voucher.ts";

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

export interface PriceListReader {
  /** @throws AppError `pricing.price_list_not_found` */
  getById(priceListId: string): Promise<PriceList>;
  listAll(page: PageRequest): Promise<Page<PriceList>>;
}

export interface PriceListRepository {
  listByIds(ids: readonly string[]): Promise<readonly PriceList[]>;
  listDefaults(currencies: readonly string[]): Promise<readonly PriceList[]>;
  /** False when it would be its currency's second default. */
  createIfAbsent(list: PriceList): Promise<boolean>;
}

/** Prices for showing: seconds old at worst, and one load for everybody who asks meanwhile. */
export interface PriceSource {
  /** In the order asked for; unknown products come without prices. */
  listByProductIds(productIds: readonly string[]): Promise<readonly ProductPrices[]>;
  /** After a commit: at once here, and a moment later in all other processes. Without ids: everything. */
  forget(productIds?: readonly string[]): void;
}

export interface PriceRepository {
  /**
   * Locks the prices of products until the end of the transaction, in product order, and counts their versions up.
   * Products without any price yet are locked as well.
   */
  lockByProductIds(productIds: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  listByProductIds(productIds: readonly string[]): Promise<readonly ProductPrices[]>;
  /** The products must have been locked in this transaction. */
  upsertAmounts(prices: readonly Price[]): Promise<void>;
}

export interface ProductRepository {
  listByIds(productIds: readonly string[]): Promise<readonly Product[]>;
  /** False when something newer is known already. A tombstone keeps the names it finds. */
  upsertIfNewer(product: Product): Promise<boolean>;
}

export interface PromotionReader {
  /** @throws AppError `pricing.promotion_not_found` */
  getById(promotionId: string): Promise<Promotion>;
  /** The status is the clock's. */
  listByCriteria(
    criteria: { status?: PromotionStatus | undefined; sellerId?: string | undefined; now: Date },
    page: PageRequest,
  ): Promise<Page<Promotion>>;
}

export interface PromotionRepository {
  create(promotion: Promotion): Promise<void>;
  /** Locks it until the end of the transaction. */
  lockById(promotionId: string): Promise<Promotion | undefined>;
  /** Locks up to `limit` whose start or end has come unannounced, and that nobody else has locked. */
  lockDue(now: Date, limit: number): Promise<readonly Promotion[]>;
  updateStatus(promotions: readonly Promotion[]): Promise<void>;
}

export interface Announcement {
  readonly productId: string;
  readonly cause: PriceChangeCause;
}

/** Products whose price a promotion changed and nobody has been told. */
export interface AnnouncementRepository {
  /** Queues every priced product that the promotion concerns, in one statement. Returns how many. */
  queueForPromotion(promotion: Promotion, cause: PriceChangeCause, at: Date): Promise<number>;
  /** Takes up to `limit` out of the queue, those that nobody else is taking. */
  take(limit: number): Promise<readonly Announcement[]>;
}

export interface VoucherReader {
  /** @throws AppError `pricing.voucher_not_found` */
  getByCode(code: string): Promise<Voucher>;
  countUses(voucherId: string, customerId: string | undefined, now: Date): Promise<VoucherUses>;
}

export interface VoucherUse {
  readonly quoteId: string;
  readonly voucherId: string;
  readonly customerId: string | undefined;
  readonly heldUntil: Date;
  /** Of the checkout that follows the quote at once; undefined: somebody only asks. */
  readonly checkoutKey?: string | undefined;
}

export interface VoucherRepository {
  /** False when the code is taken. */
  createIfAbsent(voucher: Voucher): Promise<boolean>;
  /** Locks the voucher until the end of the transaction. */
  lockById(voucherId: string): Promise<void>;
  /** Ends what a customer's new quote takes the place of: the holds of his mere questions, and of the same checkout. */
  endHolds(of: Pick<VoucherUse, "voucherId" | "customerId" | "checkoutKey">, now: Date): Promise<void>;
  /** What speaks against one more use by this customer, as of now; behind the voucher's lock. */
  countUses(voucherId: string, customerId: string | undefined, now: Date): Promise<VoucherUses>;
  getByCode(code: string): Promise<Voucher | undefined>;
  hold(use: VoucherUse): Promise<void>;
  /** Marks an order's use. A row that was released stays so: the cancellation came first. */
  markUsed(use: VoucherUse): Promise<void>;
  /** Gives an order's use back; also before it was marked. */
  markReleased(use: VoucherUse): Promise<void>;
}

export interface TaxRateReader {
  listByCountry(country: string | undefined, page: PageRequest): Promise<Page<TaxRate>>;
}

export interface TaxRateStore {
  /** One version on when it differs; unchanged otherwise. */
  upsert(rate: Omit<TaxRate, "version">): Promise<TaxRate>;
}

export interface QuoteBasisRequest {
  readonly productIds: readonly string[];
  readonly currency: string;
  readonly country: string;
  readonly voucherCode: string;
  /** Whose segment's prices go before the default ones. */
  readonly customerId: string | undefined;
}

export interface QuoteBasisLine {
  readonly productId: string;
  readonly product: Product | undefined;
  /** In the list of the customer's segment, else in the currency's default one. */
  readonly amountMinor: bigint | undefined;
  /** Whether there is a price in any currency: somebody knows the product then. */
  readonly priced: boolean;
  /** Of the product's category, or the country's standard one. */
  readonly taxBasisPoints: number | undefined;
}

/** What a quote is made of, as of one moment. */
export interface QuoteBasis {
  readonly lines: readonly QuoteBasisLine[];
  readonly promotions: readonly PromotionTerms[];
  readonly voucher: Voucher | undefined;
}

export interface QuoteReader {
  /** One statement, one snapshot, never from a cache: a quote binds. */
  getBasis(request: QuoteBasisRequest, signal?: AbortSignal): Promise<QuoteBasis>;
  /** @throws AppError `pricing.quote_not_found` */
  getById(quoteId: string): Promise<Quote>;
}

export interface QuoteStore {
  /** One statement. Inside a transaction in progress it is part of it. */
  create(quote: Quote): Promise<void>;
  /** Removes up to `limit` that expired before `before`. Returns how many. */
  deleteExpired(before: Date, limit: number): Promise<number>;
}

export interface OutboxPort {
  add(...events: readonly PricingEvent[]): Promise<void>;
}

export interface SegmentRepository {
  /** Older news than what is known changes nothing. Empty: none any more. */
  upsertIfNewer(customerId: string, segment: string, version: bigint): Promise<void>;
}

/** Locks in this order: promotion or voucher, the gate of promotions, announcement, product, product prices. */
export interface Repositories {
  readonly products: ProductRepository;
  readonly segments: SegmentRepository;
  readonly priceLists: PriceListRepository;
  readonly prices: PriceRepository;
  readonly promotions: PromotionRepository;
  readonly announcements: AnnouncementRepository;
  readonly vouchers: VoucherRepository;
  readonly quotes: Pick<QuoteStore, "create">;
  readonly outbox: OutboxPort;
}

export type PricingUnitOfWork = UnitOfWork<Repositories>;
