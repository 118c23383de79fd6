import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { ProductStatus } from "@tandem/contracts/catalog";
import { CustomerChange, CustomerUpdatedSchema } from "@tandem/contracts/customer";
import { OrderCreatedSchema, OrderStatus, OrderUpdatedSchema } from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, productOf, startHarness } from "./harness.ts";

let search: Harness;
beforeAll(async () => {
  search = await startHarness();
});
afterAll(() => search[Symbol.asyncDispose]());

// biome-ignore lint/suspicious/noExplicitAny: JSON of an answer
type Hits = any[];
const find = async (q: string, as?: { readonly authorization: string }, more = ""): Promise<Hits> => {
  const found = await search.http(`/search?q=${encodeURIComponent(q)}${more}`, as ? { as } : {});
  expect(found.status).toBe(200);
  return found.json.data.hits ?? [];
};
const orders = "&types=DOCUMENT_TYPE_ORDER";
const occurredAt = { seconds: 1n, nanos: 0 };

describe("a product's events", () => {
  const told = (name: string) => {
    const product = productOf(search);
    const sellerId = newId();
    const ids = Array.from({ length: 7 }, () => newId());
    return {
      productId: product.productId,
      events: [
        () => product.created({ name: `${name} first`, sellerId }, 1n, ids[0]),
        () => product.updated({ name: `${name} second`, sellerId }, 2n, ids[1]),
        () => product.updated({ name: `${name} third`, sellerId }, 3n, ids[2]),
        () => product.priced(100n, 1n, "EUR", ids[3]),
        () => product.priced(200n, 2n, "EUR", ids[4]),
        () => product.stocked(1, 1n, ids[5]),
        () => product.stocked(2, 4n, ids[6]),
      ],
      gone: () => product.deleted(4n),
    };
  };

  it("make the same document in whatever order they come, and however often", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: 7 }),
        fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 4 }),
        async (order, again) => {
          const word = `w${newId().replaceAll("-", "")}`;
          const { productId, events } = told(word);
          for (const at of [...order, ...again]) expect(await events[at]?.()).toBe("ack");
          await search.settled();
          expect(await find(word)).toMatchObject([
            {
              document: { documentId: productId, title: `${word} third`, price: { amountMinor: "200" }, available: 2 },
            },
          ]);
        },
      ),
      { numRuns: 12 },
    );
  });

  it("leave nothing once it is deleted, whatever comes late, and however early the deletion came", async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }), async (order) => {
        const word = `w${newId().replaceAll("-", "")}`;
        const { events, gone, productId } = told(word);
        for (const at of order) expect(await (at === 7 ? gone() : events[at]?.())).toBe("ack");
        await search.settled();
        expect(await find(word)).toEqual([]);
        expect((await search.http(`/search/documents/DOCUMENT_TYPE_PRODUCT/${productId}`)).status).toBe(404);
      }),
      { numRuns: 12 },
    );
  });

  it("keep drafts and archived products from the public", async () => {
    const word = `w${newId().replaceAll("-", "")}`;
    const sellerId = newId();
    const draft = productOf(search);
    await draft.created({ name: `${word} draft`, sellerId, status: ProductStatus.DRAFT });
    await productOf(search).created({ name: `${word} archived`, sellerId, status: ProductStatus.ARCHIVED });
    await search.settled();
    expect(await find(word)).toEqual([]);
    expect(await find(word, await search.tokens.seller(newId()))).toEqual([]);
    expect(await find(word, await search.tokens.seller(sellerId))).toMatchObject([
      { document: { documentId: draft.productId } },
    ]);
    expect((await search.http(`/search/suggest?q=${word}`)).json.data.suggestions).toEqual([]);
    await draft.updated({ name: `${word} published`, sellerId }, 2n);
    await search.settled();
    expect(await find(word)).toMatchObject([{ document: { title: `${word} published` } }]);
  });

  it("with characters that no database keeps are taken all the same", async () => {
    const word = `w${newId().replaceAll("-", "")}`;
    const product = productOf(search);
    expect(
      await product.created({ name: `${word} a\u0000b`, description: "x\u0000y", attributes: { k: "v\u0000" } }),
    ).toBe("ack");
    await search.settled();
    expect(await find(word)).toHaveLength(1);
  });
});

const orderOf = (customerId: string, lines: { sellerId: string; name: string }[], orderId = newId()) => {
  const money = (amountMinor: bigint) => ({ currencyCode: "EUR", amountMinor });
  return {
    orderId,
    says: (schema: typeof OrderCreatedSchema | typeof OrderUpdatedSchema, version: bigint, kept = lines, id?: string) =>
      search.deliver(
        schema,
        {
          orderId,
          aggregateVersion: version,
          occurredAt,
          order: {
            orderId,
            customerId,
            status: OrderStatus.CONFIRMED,
            version,
            currencyCode: "EUR",
            lines: kept.map(({ sellerId, name }) => ({
              lineId: newId(),
              productId: newId(),
              sellerId,
              sku: "S",
              name,
              quantity: 2,
              total: money(500n),
            })),
            totals: { total: money(500n * BigInt(kept.length)) },
            shippingAddress: {
              recipient: "Quentin Personal",
              line1: "Street 1",
              city: "Ghent",
              postalCode: "9000",
              countryCode: "BE",
            },
            createdAt: timestampFromDate(new Date(1_700_000_000_000)),
          },
        },
        id,
      ),
  };
};

describe("an order", () => {
  it("is found by its customer, each seller of its lines and staff; by nobody else, and a seller sees the own lines alone", async () => {
    const [customerId, sellerA, sellerB] = [newId(), newId(), newId()];
    const [wordA, wordB] = [`a${newId().replaceAll("-", "")}`, `b${newId().replaceAll("-", "")}`];
    const order = orderOf(customerId, [
      { sellerId: sellerA, name: wordA },
      { sellerId: sellerB, name: wordB },
    ]);
    expect(await order.says(OrderCreatedSchema, 1n)).toBe("ack");
    await search.settled();
    const as = {
      customer: await search.tokens.customer(customerId),
      stranger: await search.tokens.customer(newId()),
      a: await search.tokens.seller(sellerA),
      b: await search.tokens.seller(sellerB),
      c: await search.tokens.seller(newId()),
      staff: await search.tokens.as("staff"),
    };
    const seen = async (q: string, who: keyof typeof as | undefined) => (await find(q, who && as[who], orders)).length;
    for (const q of [wordA, wordB, order.orderId]) {
      expect(await seen(q, "customer"), q).toBe(1);
      expect(await seen(q, "staff"), q).toBe(1);
      for (const who of [undefined, "stranger", "c"] as const) expect(await seen(q, who), q).toBe(0);
    }
    expect([await seen(wordA, "a"), await seen(wordB, "a"), await seen(wordA, "b"), await seen(wordB, "b")]).toEqual([
      1, 0, 0, 1,
    ]);
    expect([
      await seen("Quentin Personal", "customer"),
      await seen("Quentin Personal", "a"),
      await seen("Quentin Personal", "staff"),
    ]).toEqual([1, 0, 1]);
    const [hit] = await find(wordA, as.a, `${orders}&highlight=true&facets=FACET_DIMENSION_SELLER`);
    expect(JSON.stringify(hit)).not.toContain(wordB);
    expect(JSON.stringify(hit)).not.toContain(sellerB);
    expect(JSON.stringify(hit)).not.toContain(customerId);
    expect(hit.document.price.amountMinor).toBe("500");
    // Not asked for by type, orders stay out of everybody's product search.
    expect(await find(wordA, as.customer)).toEqual([]);

    const path = `/search/documents/DOCUMENT_TYPE_ORDER/${order.orderId}`;
    const unknown = await search.http(`/search/documents/DOCUMENT_TYPE_ORDER/${newId()}`, { as: as.stranger });
    for (const who of ["stranger", "c"] as const) {
      const answer = await search.http(path, { as: as[who] });
      expect(answer.status).toBe(404);
      expect(answer.json.error).toBe(unknown.json.error);
    }
    expect((await search.http(path)).status).toBe(404);
    expect((await search.http(path, { as: as.customer })).json.data.title).toContain(wordB);
    expect((await search.http(path, { as: as.a })).json.data.title).not.toContain(wordB);
  });

  it("is not another seller's any more when that seller's lines are gone", async () => {
    const [customerId, sellerA, sellerB] = [newId(), newId(), newId()];
    const word = `w${newId().replaceAll("-", "")}`;
    const lines = [
      { sellerId: sellerA, name: word },
      { sellerId: sellerB, name: word },
    ];
    const order = orderOf(customerId, lines);
    await order.says(OrderUpdatedSchema, 2n, lines.slice(0, 1));
    await order.says(OrderCreatedSchema, 1n);
    await search.settled();
    expect(await find(word, await search.tokens.seller(sellerB), orders)).toEqual([]);
    await order.says(OrderUpdatedSchema, 3n, lines);
    await search.settled();
    expect(await find(word, await search.tokens.seller(sellerB), orders)).toHaveLength(1);
    await order.says(OrderUpdatedSchema, 4n, lines.slice(0, 1));
    await search.settled();
    expect(await find(word, await search.tokens.seller(sellerB), orders)).toEqual([]);
    expect(await find(word, await search.tokens.seller(sellerA), orders)).toHaveLength(1);
  });

  it("names nobody after its customer asked to be forgotten, not even what arrives later", async () => {
    const [customerId, sellerId] = [newId(), newId()];
    const word = `w${newId().replaceAll("-", "")}`;
    const before = orderOf(customerId, [{ sellerId, name: word }]);
    await before.says(OrderCreatedSchema, 1n);
    const erased = { customerId, aggregateVersion: 9n, occurredAt, change: CustomerChange.ERASED };
    expect(await search.deliver(CustomerUpdatedSchema, erased)).toBe("ack");
    expect(await search.deliver(CustomerUpdatedSchema, erased)).toBe("ack");
    await orderOf(customerId, [{ sellerId, name: word }]).says(OrderCreatedSchema, 1n);
    await before.says(OrderUpdatedSchema, 2n);
    await search.settled();
    const staff = await search.tokens.as("staff");
    expect(await find(word, staff, orders)).toHaveLength(2);
    expect(await find(`${word} Quentin`, staff, orders)).toEqual([]);
    expect(await find(word, await search.tokens.customer(customerId), orders)).toEqual([]);
    const { rows } = await search.database.query<{ n: number }>(
      "select count(*)::int as n from document_part where content::text like '%' || $1 || '%'",
      [customerId],
    );
    expect(rows[0]?.n).toBe(0);
  });
});
