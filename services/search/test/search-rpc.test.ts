import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, productOf, startHarness } from "./harness.ts";

let search: Harness;
beforeAll(async () => {
  search = await startHarness();
});
afterAll(() => search[Symbol.asyncDispose]());

// biome-ignore lint/suspicious/noExplicitAny: JSON of an answer
const titles = (answer: any): string[] => (answer.json.data.hits ?? []).map((hit: any) => hit.document.title);

describe("products", () => {
  it("are found by anyone, a moment after their owners have spoken", async () => {
    const one = productOf(search);
    const sellerId = newId();
    expect(await one.priced(129_900n)).toBe("ack");
    expect(
      await one.created({
        name: "Ultrabook Zephyr 14",
        description: "A light <b>laptop</b> for travel",
        sellerId,
        sku: "ZEP-14",
      }),
    ).toBe("ack");
    expect(await one.stocked(7)).toBe("ack");
    await search.settled();
    const found = await search.http("/search?q=zephyr&highlight=true");
    expect(found.status).toBe(200);
    expect(found.json.data.hits).toMatchObject([
      {
        document: {
          documentId: one.productId,
          title: "Ultrabook Zephyr 14",
          sellerId,
          price: { currencyCode: "EUR", amountMinor: "129900" },
          available: 7,
        },
        highlightedTitle: "Ultrabook <em>Zephyr</em> 14",
        highlightedText: "A light &lt;b&gt;laptop&lt;/b&gt; for travel",
      },
    ]);
    expect(titles(await search.http("/search", { method: "POST", body: { q: "zep 14" } }))).toEqual([
      "Ultrabook Zephyr 14",
    ]);
    const mistyped = await search.http("/search?q=ultrabok%20zepyhr");
    expect(titles(mistyped)).toEqual(["Ultrabook Zephyr 14"]);
    expect(mistyped.json.data.corrected).toBe(true);
    expect((await search.http("/search/suggest?q=zepy")).json.data.suggestions).toMatchObject([
      { text: "Ultrabook Zephyr 14" },
    ]);
  });
});
