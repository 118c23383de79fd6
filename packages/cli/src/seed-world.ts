import { setTimeout as sleep } from "node:timers/promises";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import type { PlatformClients } from "./platform-clients.ts";
import { CURRENCY, categories, promotion, sellers, taxRates, voucher } from "./world.ts";

const YEAR_MS = 365 * 24 * 3_600_000;
const money = (amountMinor: bigint) => ({ currencyCode: CURRENCY, amountMinor });

/**
 * Puts the small shop into the platform through its public API, as staff. What is there is left as it is, so a run that was
 * cut off is completed by the next. Returns a sentence for the progress line.
 */
export const seedWorld = async (clients: PlatformClients): Promise<string> => {
  const { catalog, pricing, warehouse } = clients;
  const skus = new Map<string, string>();
  for (let cursor = ""; ; ) {
    const { products, page } = await catalog.listProducts({
      page: { limit: 200, position: cursor ? { case: "cursor", value: cursor } : { case: undefined } },
    });
    for (const { sku, productId } of products) skus.set(sku, productId);
    cursor = page?.nextCursor ?? "";
    if (!cursor) break;
  }
  const wanted = sellers.flatMap(({ products }) => products);
  if (wanted.every(({ sku }) => skus.has(sku))) return `${skus.size} products are there`;

  for (const { country, basisPoints } of taxRates) {
    await pricing.setTaxRate({ countryCode: country, taxCategory: "standard", basisPoints });
  }
  const categoryIds = await ensureCategories(clients);
  const sellerIds = await ensureSellers(clients);
  const priced: string[] = [];
  for (const seller of sellers) {
    const sellerId = sellerIds.get(seller.slug) ?? "";
    const missing = seller.products.filter(({ sku }) => !skus.has(sku));
    if (missing.length === 0) continue;
    const { results } = await catalog.batchCreateProducts({
      sellerId,
      products: missing.map(({ sku, name, category }) => ({ sku, name, categoryId: categoryIds.get(category) ?? "" })),
    });
    const created = results.map(({ outcome }, at) => {
      if (outcome.case !== "product")
        throw new Error(`${missing[at]?.sku}: ${outcome.value?.message ?? "not created"}`);
      return { productId: outcome.value.productId, plan: missing[at] };
    });
    await pricing.batchSetPrices({
      prices: created.map(({ productId, plan }) => ({ productId, amount: money(plan?.priceMinor ?? 0n) })),
    });
    priced.push(...created.map(({ productId }) => productId));
    await warehouse.batchAdjustStock({
      adjustments: created.map(({ productId, plan }) => ({
        productId,
        sellerId,
        delta: plan?.stock ?? 0,
        reason: "first delivery",
      })),
    });
  }
  const endsAt = timestampFromDate(new Date(Date.now() + YEAR_MS));
  await unlessThere(
    pricing.createVoucher({
      code: voucher.code,
      discount: { kind: { case: "amount", value: money(voucher.minor) } },
      endsAt,
    }),
  );
  await pricing.createPromotion({
    name: promotion.name,
    sellerId: sellerIds.get(promotion.seller) ?? "",
    discount: { kind: { case: "basisPoints", value: promotion.basisPoints } },
    endsAt,
  });
  await untilQuotable(clients, priced);
  return `${sellers.length} sellers, ${wanted.length} products, a promotion, a voucher`;
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
