import type { DescMethod } from "@bufbuild/protobuf";
import { createClient, createRouterTransport } from "@connectrpc/connect";
import { ACT_FOR_ANY_CUSTOMER, ACT_FOR_ANY_SELLER, servicePermissions } from "@tandem/auth";
import { accessOf } from "@tandem/contracts";
import { CatalogService, ProductStatus } from "@tandem/contracts/catalog";
import { DeadLetterService } from "@tandem/contracts/common";
import { OrderService, OrderStatus } from "@tandem/contracts/order";
import { PricingService } from "@tandem/contracts/pricing";
import { newId } from "@tandem/kernel";
import { describe, expect, it } from "vitest";
import type { ProductDraft } from "../src/biz/ports.ts";
import { makeCatalogClient } from "../src/client/catalog-client.ts";
import { makeDeadLettersClient } from "../src/client/dead-letters-client.ts";
import { makeOrderClient } from "../src/client/order-client.ts";
import { makePricingClient } from "../src/client/pricing-client.ts";

const { signal } = new AbortController();
const draft: ProductDraft = {
  sku: "A-1",
  name: "Mug",
  description: "",
  categoryId: "",
  taxCategory: "",
  draft: false,
  imageUrls: [],
  attributes: { colour: "red", size: "M" },
};

/** What was called here, by whoever called it. */
const called = new Set<DescMethod>();
const router = (routes: Parameters<typeof createRouterTransport>[0]) =>
  createRouterTransport(routes, {
    transport: {
      interceptors: [
        (next) => (request) => {
          called.add(request.method);
          return next(request);
        },
      ],
    },
  });

describe("the catalogue's client", () => {
  const keys: (string | null)[] = [];
  const stored = { productId: "p1", sku: "A-1", name: "Mug", taxCategory: "standard", status: ProductStatus.ACTIVE };
  const attributes = { size: "M", colour: "red" };
  const catalog = makeCatalogClient(
    createClient(
      CatalogService,
      router(({ service }) => {
        service(CatalogService, {
          batchCreateProducts: ({ products }, { requestHeader }) => {
            keys.push(requestHeader.get("idempotency-key"));
            return {
              results: products.map(({ sku }) => ({
                outcome:
                  sku === "taken"
                    ? { case: "error" as const, value: { slug: "catalog.sku_taken", message: "taken" } }
                    : { case: "product" as const, value: { productId: `id-${sku}` } },
              })),
            };
          },
          listProducts: ({ sku }) => ({
            products: sku === "none" ? [] : [{ ...stored, attributes }],
            page: { nextCursor: "next" },
          }),
        });
      }),
    ) as never,
  );

  it("creates under a key, and takes each outcome for itself", async () => {
    expect(await catalog.create(newId(), [draft, { ...draft, sku: "taken" }], "task:1-2", signal)).toEqual([
      "id-A-1",
      { code: "catalog.sku_taken", message: "taken", details: [] },
    ]);
    expect(keys).toEqual(["task:1-2"]);
  });

  it("knows a product that is just so from one that is not", async () => {
    expect(await catalog.findSame("s", draft, signal)).toBe("p1");
    expect(await catalog.findSame("s", { ...draft, sku: "none" }, signal)).toBeUndefined();
    const others: Partial<ProductDraft>[] = [
      { name: "Cup" },
      { draft: true },
      { attributes: { colour: "red" } },
      { taxCategory: "books" },
      { imageUrls: ["http://x"] },
    ];
    for (const other of others) expect(await catalog.findSame("s", { ...draft, ...other }, signal)).toBeUndefined();
    expect(await catalog.listIds("s", "c", signal)).toEqual({ items: ["p1"], nextCursor: "next" });
  });

  it("names the column of what the catalogue would refuse", () => {
    expect(catalog.check(draft)).toBeUndefined();
    const fault = catalog.check({ ...draft, sku: "no spaces", imageUrls: ["not a uri"] });
    expect(fault).toMatchObject({ code: "request.invalid" });
    expect(fault?.details?.map(({ field }) => field)).toEqual(["sku", "image_url"]);
  });
});

describe("the other clients", () => {
  it("read and set prices, one outcome each", async () => {
    const pricing = makePricingClient(
      createClient(
        PricingService,
        router(({ service }) => {
          const price = (productId: string) => ({
            productId,
            outcome:
              productId === "unknown"
                ? { case: "error" as const, value: { slug: "pricing.product_unknown" } }
                : { case: "price" as const, value: { regularAmount: { currencyCode: "EUR", amountMinor: 700n } } },
          });
          service(PricingService, {
            batchGetPrices: ({ productIds }) => ({ results: productIds.map(price) }),
            batchSetPrices: ({ prices }) => ({ results: prices.map(({ productId }) => price(productId)) }),
          });
        }),
      ) as never,
    );
    expect(await pricing.list(["a", "unknown"], "EUR", signal)).toEqual([
      { productId: "a", currency: "EUR", minor: 700n },
    ]);
    const wanted = ["a", "unknown"].map((productId) => ({ productId, currency: "EUR", minor: 1n }));
    expect(await pricing.set(wanted, signal)).toMatchObject([undefined, { code: "pricing.product_unknown" }]);
  });

  it("list orders without saying who somebody is", async () => {
    const wanted: OrderStatus[] = [];
    const shippingAddress = { recipient: "Ada Lovelace", line1: "Main St 1" };
    const orders = makeOrderClient(
      createClient(
        OrderService,
        router(({ service }) => {
          service(OrderService, {
            listOrders: ({ status }) => {
              wanted.push(status);
              const line = { sku: "A", name: "Mug", quantity: 2, sellerId: "s" };
              const order = {
                orderId: "o",
                status: OrderStatus.SHIPPED,
                shippingAddress,
                notes: "ring twice",
                lines: [line, line],
              };
              return { orders: [order] };
            },
          });
        }),
      ) as never,
    );
    const { items, nextCursor } = await orders.list({ status: "shipped" }, "c", signal);
    const cells = items[0]?.cells ?? [];
    expect(wanted).toEqual([OrderStatus.SHIPPED]);
    expect(cells).toHaveLength(orders.columns.length);
    expect(cells.join("|")).toContain("|s|2|4|2 x A Mug; 2 x A Mug|");
    expect(cells.join()).not.toMatch(/Ada|Main|ring/);
    expect(nextCursor).toBeUndefined();
  });

  it("find dead letters of all contexts, page by page, and will not take a part for all", async () => {
    const context = (letters: string[], down = { now: false }) => ({
      down,
      deadLetters: createClient(
        DeadLetterService,
        router(({ service }) => {
          service(DeadLetterService, {
            listDeadLetters: ({ page }) => {
              if (down.now) throw new Error("down");
              const from = page?.position.case === "cursor" ? Number(page.position.value) : 0;
              const next = from + 2 < letters.length ? String(from + 2) : "";
              return {
                deadLetters: letters.slice(from, from + 2).map((deadLetterId) => ({ deadLetterId, consumer: "c" })),
                page: { nextCursor: next },
              };
            },
            replayDeadLetters: ({ deadLetterIds }) => {
              if (down.now) throw new Error("down");
              return {
                results: deadLetterIds.map((deadLetterId) => ({
                  deadLetterId,
                  ...(deadLetterId === "gone" ? { error: { slug: "dead_letter.resolved" } } : {}),
                })),
              };
            },
          });
        }),
      ) as never,
    });
    const [order, payment] = [context(["1", "2", "3"]), context(["gone"])];
    const client = makeDeadLettersClient(
      new Map([
        ["order", order],
        ["payment", payment],
      ]),
      { concurrency: 2, deadlineMs: 2_000 },
    );
    const found = await client.listOpen("f", signal);
    expect(found.map(({ context: name, id }) => `${name} ${id}`)).toEqual([
      "order 1",
      "order 2",
      "order 3",
      "payment gone",
    ]);
    expect(await client.replay(found, signal)).toMatchObject([
      undefined,
      undefined,
      undefined,
      { code: "dead_letter.resolved" },
    ]);
    payment.down.now = true;
    await expect(client.listOpen(undefined, signal)).rejects.toMatchObject({ code: "operations.context_silent" });
    await expect(client.replay(found, signal)).rejects.toMatchObject({ code: "operations.context_silent" });
  });
});

// After the others: it looks at what they made the clients call.
it("need just the permissions that the worker holds under its own name", () => {
  const needed = [...called].flatMap((method) => {
    const access = accessOf(method);
    return access?.kind === "permission" ? [access.permission] : [];
  });
  const held = servicePermissions.get("common-operations-worker") ?? new Set();
  expect([...held].sort()).toEqual([...new Set([...needed, ACT_FOR_ANY_CUSTOMER, ACT_FOR_ANY_SELLER])].sort());
});
