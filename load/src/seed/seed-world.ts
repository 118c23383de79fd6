import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { newId } from "@tandem/kernel";
import { bearer, type Door } from "../door.ts";
import { inChunks, inParallel } from "../in-parallel.ts";
import { pageAt } from "../page-at.ts";
import type { PlannedProduct, PlannedSeller, PlannedWorld } from "./plan-world.ts";

export interface SeedOptions {
  readonly door: Door;
  /** Of staff. */
  readonly staffToken: () => Promise<string>;
  readonly passwordOf: (email: string) => string;
  readonly report: (line: string) => void;
}

export interface Seeded {
  readonly added: Readonly<Record<"categories" | "sellers" | "products" | "prices" | "stock" | "customers", number>>;
  /** Products that the search knows, of those planned. */
  readonly searchable: boolean;
}

const CURRENCY = "EUR";
const WIDTH = 6;
const money = (amountMinor: bigint) => ({ currencyCode: CURRENCY, amountMinor });

interface KnownProduct {
  readonly productId: string;
  readonly sellerId: string;
  readonly plan: PlannedProduct;
}

/** Puts the planned shop into the platform by its public API, in batches, leaving alone what is there. */
export const seedWorld = async (
  world: PlannedWorld,
  { door, staffToken, passwordOf, report }: SeedOptions,
): Promise<Seeded> => {
  const staff = async () => bearer(await staffToken());
  const added = { categories: 0, sellers: 0, products: 0, prices: 0, stock: 0, customers: 0 };

  const seedTax = async (): Promise<void> => {
    const { taxRates } = await door.pricing.listTaxRates({ countryCode: "DE" });
    if (taxRates.length > 0) return;
    await door.pricing.setTaxRate({ countryCode: "DE", taxCategory: "standard", basisPoints: 1900 }, await staff());
  };

  const seedCategories = async (): Promise<ReadonlyMap<string, string>> => {
    const there = new Map<string, string>();
    for (let cursor = ""; ; ) {
      const { categories, page } = await door.catalog.listCategories({ page: pageAt(cursor) });
      for (const { slug, categoryId } of categories) there.set(slug, categoryId);
      cursor = page?.nextCursor ?? "";
      if (cursor === "") break;
    }
    for (const { slug, name } of world.categories) {
      if (there.has(slug)) continue;
      const { category } = await door.catalog.createCategory({ slug, name }, await staff());
      there.set(slug, category?.categoryId ?? "");
      added.categories += 1;
    }
    return there;
  };

  const seedSellers = async (): Promise<ReadonlyMap<string, string>> => {
    const there = new Map<string, string>();
    for (let cursor = ""; ; ) {
      const { sellers, page } = await door.catalog.listSellers({ page: pageAt(cursor) });
      for (const { slug, sellerId } of sellers) there.set(slug, sellerId);
      cursor = page?.nextCursor ?? "";
      if (cursor === "") break;
    }
    const missing = world.sellers.filter(({ slug }) => !there.has(slug));
    await inParallel(missing, WIDTH, async ({ slug, name }) => {
      const { seller } = await door.catalog.createSeller({ slug, name }, await staff());
      there.set(slug, seller?.sellerId ?? "");
      added.sellers += 1;
    });
    return there;
  };

  const productsOf = async (seller: PlannedSeller, sellerId: string, categoryIds: ReadonlyMap<string, string>) => {
    const there = new Map<string, string>();
    for (let cursor = ""; ; ) {
      const { products, page } = await door.catalog.listProducts({ sellerId, page: pageAt(cursor) });
      for (const { sku, productId } of products) there.set(sku, productId);
      cursor = page?.nextCursor ?? "";
      if (cursor === "") break;
    }
    for (const some of inChunks(
      seller.products.filter(({ sku }) => !there.has(sku)),
      100,
    )) {
      const products = some.map(({ sku, name, description, category, attributes }) => ({
        sku,
        name,
        description,
        attributes,
        categoryId: categoryIds.get(category) ?? "",
      }));
      // With a key: an answer that is lost is asked for again, and nothing is made twice.
      const { results } = await again(async () =>
        door.catalog.batchCreateProducts({ sellerId, products }, await staff()),
      );
      for (const [at, { outcome }] of results.entries()) {
        const sku = some[at]?.sku ?? "";
        if (outcome.case !== "product") throw new Error(`${sku}: ${outcome.value?.message ?? "not created"}`);
        there.set(sku, outcome.value.productId);
        added.products += 1;
      }
    }
    return seller.products.map((plan): KnownProduct => ({ productId: there.get(plan.sku) ?? "", sellerId, plan }));
  };

  const seedPrices = async (products: readonly KnownProduct[]): Promise<void> => {
    const { results } = await door.pricing.batchGetPrices({
      productIds: products.map(({ productId }) => productId),
      currencyCode: CURRENCY,
    });
    const missing = products.filter((_, at) => results[at]?.outcome.case !== "price");
    if (missing.length === 0) return;
    const prices = missing.map(({ productId, plan }) => ({ productId, amount: money(plan.priceMinor) }));
    const answer = await again(async () => door.pricing.batchSetPrices({ prices }, await staff()));
    const failed = answer.results.find(({ outcome }) => outcome.case === "error");
    if (failed?.outcome.case === "error") throw new Error(`a price was refused: ${failed.outcome.value.message}`);
    added.prices += missing.length;
  };

  const seedStock = async (products: readonly KnownProduct[]): Promise<void> => {
    const { results } = await door.warehouse.batchGetStock(
      { productIds: products.map(({ productId }) => productId) },
      await staff(),
    );
    const empty = products.filter((_, at) => {
      const outcome = results[at]?.outcome;
      return outcome?.case !== "stock" || (outcome.value.onHand === 0 && outcome.value.reserved === 0);
    });
    if (empty.length === 0) return;
    const adjustments = empty.map(({ productId, sellerId, plan }) => ({
      productId,
      sellerId,
      delta: plan.stock,
      reason: "first delivery",
    }));
    // With a key: an answer that was lost is asked for again, and nothing is delivered twice.
    const key = newId();
    const answer = await again(async () =>
      door.warehouse.batchAdjustStock({ adjustments }, bearer(await staffToken(), key)),
    );
    const failed = answer.results.find(({ outcome }) => outcome.case === "error");
    if (failed?.outcome.case === "error") throw new Error(`a delivery was refused: ${failed.outcome.value.message}`);
    added.stock += empty.length;
  };

  const seedCustomers = async (): Promise<void> => {
    const there = new Set<string>();
    for (let cursor = ""; ; ) {
      const { users, page } = await door.users.listUsers({ role: "customer", page: pageAt(cursor) }, await staff());
      for (const { email } of users) there.add(email.toLowerCase());
      cursor = page?.nextCursor ?? "";
      if (cursor === "") break;
    }
    const missing = world.customers.filter(({ email }) => !there.has(email));
    // Passwords are hashed slowly on purpose: more at a time than the machine has cores only makes them wait.
    await inParallel(missing, 3, async ({ email, name, locale }) => {
      const user = { email, displayName: name, locale, password: passwordOf(email), roles: ["customer"] };
      try {
        await again(async () => door.users.createUser(user, await staff()));
        added.customers += 1;
      } catch (error) {
        if (ConnectError.from(error).code !== Code.AlreadyExists) throw error;
      }
      if (added.customers % 100 === 0) report(`${added.customers} of ${missing.length} customers`);
    });
  };

  await seedTax();
  const categoryIds = await seedCategories();
  const sellerIds = await seedSellers();
  report(`${world.categories.length} categories, ${world.sellers.length} sellers`);
  let done = 0;
  const total = world.sellers.reduce((sum, { products }) => sum + products.length, 0);
  const people = seedCustomers();
  people.catch(() => {});
  await inParallel(world.sellers, WIDTH, async (seller) => {
    const products = await productsOf(seller, sellerIds.get(seller.slug) ?? "", categoryIds);
    for (const some of inChunks(products, 100)) {
      await seedPrices(some);
      await seedStock(some);
    }
    done += products.length;
    if (Math.floor(done / 500) > Math.floor((done - products.length) / 500))
      report(`${done} of ${total} products, priced and in stock`);
  });
  await people;
  return { added, searchable: await untilSearchable(door, world) };
};

const MAX_TRIES = 8;

/** Busy, limited or away: once more. What is wrong stays wrong. */
const again = async <T>(work: () => Promise<T>): Promise<T> => {
  for (let at = 1; ; at += 1) {
    try {
      return await work();
    } catch (error) {
      const { code } = ConnectError.from(error);
      const passing = [
        Code.DeadlineExceeded,
        Code.Unavailable,
        Code.ResourceExhausted,
        Code.Aborted,
        Code.FailedPrecondition,
      ].includes(code);
      if (at >= MAX_TRIES || !passing) throw error;
      await sleep(150 * 2 ** Math.min(at, 5));
    }
  }
};

/** The search hears of products by events: the last one is the last to come. */
const untilSearchable = async ({ search }: Door, { sellers }: PlannedWorld): Promise<boolean> => {
  const last = sellers.at(-1)?.products.at(-1);
  if (last === undefined) return true;
  for (const giveUpAt = performance.now() + 60_000; performance.now() < giveUpAt; await sleep(500)) {
    try {
      const { hits } = await search.search({ q: last.name, page: { limit: 1 } });
      if (hits.length > 0) return true;
    } catch (error) {
      const { code } = ConnectError.from(error);
      if (code === Code.Unimplemented || code === Code.NotFound) return false;
    }
  }
  return false;
};
