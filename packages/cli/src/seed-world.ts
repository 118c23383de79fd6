import { setTimeout as sleep } from "node:timers/promises";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import type { PlatformClients } from "./platform-clients.ts";
import {
  CURRENCY,
  categories,
  promotion,
  sellers,
  taxRates,
  voucher,
  type WorldProduct,
  type WorldSeller,
} from "./world.ts";

const YEAR_MS = 365 * 24 * 3_600_000;
const money = (amountMinor: bigint) => ({ currencyCode: CURRENCY, amountMinor });

/**
 * Puts the small shop into the platform through its public API, as staff. Each step leaves alone what is there, and the
 * voucher comes last: a run that was cut off is completed by the next. Returns a sentence for the progress line.
 */
export const seedWorld = async (clients: PlatformClients): Promise<string> => {
  const { pricing } = clients;
  const wanted = sellers.flatMap(({ products }) => products);
  if (await isThere(pricing.getVoucher({ code: voucher.code }))) return `${wanted.length} products are there`;

  for (const { country, basisPoints } of taxRates) {
    await pricing.setTaxRate({ countryCode: country, taxCategory: "standard", basisPoints });
  }
  const categoryIds = await ensureCategories(clients);
  const sellerIds = await ensureSellers(clients);
  const productIds: string[] = [];
  for (const seller of sellers) {
    const sellerId = sellerIds.get(seller.slug) ?? "";
    const products = await ensureProducts(clients, seller, sellerId, categoryIds);
    await pricing.batchSetPrices({
      prices: products.map(({ productId, plan }) => ({ productId, amount: money(plan.priceMinor) })),
    });
    await ensureStock(clients, sellerId, products);
    productIds.push(...products.map(({ productId }) => productId));
  }
  await untilQuotable(clients, productIds);
  const endsAt = timestampFromDate(new Date(Date.now() + YEAR_MS));
  const promotionSeller = sellerIds.get(promotion.seller) ?? "";
  const { promotions } = await pricing.listPromotions({ sellerId: promotionSeller });
  if (!promotions.some(({ name }) => name === promotion.name)) {
    await pricing.createPromotion({
      name: promotion.name,
      sellerId: promotionSeller,
      discount: { kind: { case: "basisPoints", value: promotion.basisPoints } },
      endsAt,
    });
  }
  await pricing.createVoucher({
    code: voucher.code,
    discount: { kind: { case: "amount", value: money(voucher.minor) } },
    endsAt,
  });
  return `${sellers.length} sellers, ${wanted.length} products, a promotion, a voucher`;
};

interface SeededProduct {
  readonly productId: string;
  readonly plan: WorldProduct;
}

const ensureProducts = async (
  { catalog }: PlatformClients,
  { products }: WorldSeller,
  sellerId: string,
  categoryIds: ReadonlyMap<string, string>,
): Promise<readonly SeededProduct[]> => {
  const there = new Map(
    (await catalog.listProducts({ sellerId, page: { limit: 200 } })).products.map(({ sku, productId }) => [
      sku,
      productId,
    ]),
  );
  const missing = products.filter(({ sku }) => !there.has(sku));
  if (missing.length > 0) {
    const { results } = await catalog.batchCreateProducts({
      sellerId,
      products: missing.map(({ sku, name, category }) => ({ sku, name, categoryId: categoryIds.get(category) ?? "" })),
    });
    for (const [at, { outcome }] of results.entries()) {
      const sku = missing[at]?.sku ?? "";
      if (outcome.case !== "product") throw new Error(`${sku}: ${outcome.value?.message ?? "not created"}`);
      there.set(sku, outcome.value.productId);
    }
  }
  return products.map((plan) => ({ productId: there.get(plan.sku) ?? "", plan }));
};

const ensureStock = async (
  { warehouse }: PlatformClients,
  sellerId: string,
  products: readonly SeededProduct[],
): Promise<void> => {
  const { results } = await warehouse.batchGetStock({ productIds: products.map(({ productId }) => productId) });
  const empty = products.filter((_, at) => {
    const outcome = results[at]?.outcome;
    return outcome?.case !== "stock" || outcome.value.onHand === 0;
  });
  if (empty.length === 0) return;
  await warehouse.batchAdjustStock({
    adjustments: empty.map(({ productId, plan }) => ({
      productId,
      sellerId,
      delta: plan.stock,
      reason: "first delivery",
    })),
  });
};

/** Pricing hears of a new product by an event: a quote works once it has arrived, a moment after the product was created. */
const untilQuotable = async ({ pricing }: PlatformClients, productIds: readonly string[]): Promise<void> => {
  const countryCode = taxRates[0].country;
  const lines = productIds.map((productId) => ({ productId, quantity: 1 }));
  for (const giveUpAt = performance.now() + 30_000; ; await sleep(50)) {
    try {
      await pricing.createQuote({ currencyCode: CURRENCY, countryCode, lines });
      return;
    } catch (error) {
      if (ConnectError.from(error).code !== Code.Unavailable || performance.now() > giveUpAt) throw error;
    }
  }
};

const ensureCategories = async ({ catalog }: PlatformClients): Promise<ReadonlyMap<string, string>> => {
  for (const category of categories) await unlessThere(catalog.createCategory(category));
  const { categories: found } = await catalog.listCategories({ page: { limit: 200 } });
  return new Map(found.map(({ slug, categoryId }) => [slug, categoryId]));
};

const ensureSellers = async ({ catalog }: PlatformClients): Promise<ReadonlyMap<string, string>> => {
  for (const { slug, name } of sellers) await unlessThere(catalog.createSeller({ slug, name }));
  const { sellers: found } = await catalog.listSellers({ page: { limit: 200 } });
  return new Map(found.map(({ slug, sellerId }) => [slug, sellerId]));
};

const unlessThere = async (creating: Promise<unknown>): Promise<void> => {
  try {
    await creating;
  } catch (error) {
    if (ConnectError.from(error).code !== Code.AlreadyExists) throw error;
  }
};

const isThere = async (reading: Promise<unknown>): Promise<boolean> => {
  try {
    await reading;
    return true;
  } catch (error) {
    if (ConnectError.from(error).code !== Code.NotFound) throw error;
    return false;
  }
};
