import { newId } from "@tandem/kernel";
import type { SearchEngine } from "../src/biz/ports.ts";
import { emptyBase } from "../src/model/document.ts";
import { entriesOf } from "../src/model/index-entry.ts";

const ADJECTIVES = [
  "red",
  "blue",
  "light",
  "heavy",
  "wireless",
  "solid",
  "small",
  "large",
  "classic",
  "smart",
  "silent",
  "warm",
  "urban",
  "alpine",
  "compact",
];
const THINGS = [
  "laptop",
  "lamp",
  "chair",
  "table",
  "headphones",
  "jacket",
  "boots",
  "kettle",
  "camera",
  "tent",
  "bottle",
  "keyboard",
  "notebook",
  "backpack",
  "mixer",
];
const MATERIALS = ["steel", "oak", "cotton", "leather", "plastic", "glass", "wool", "bamboo"];

const from = <T>(list: readonly T[], n: number): T => list[n % list.length] as T;

/** A believable shop: `count` products of 50 sellers in 20 categories, in the index that searches read. */
export const fillEngine = async (engine: SearchEngine, count: number): Promise<string> => {
  const index = `search-${newId()}`;
  const sellers = Array.from({ length: 50 }, () => newId());
  const categories = Array.from({ length: 20 }, () => newId());
  await engine.createIndex(index);
  for (let start = 0; start < count; start += 500) {
    const writes = Array.from({ length: Math.min(500, count - start) }, (_, at) => {
      const n = start + at;
      const id = newId();
      const categoryId = from(categories, n);
      const content = {
        ...emptyBase,
        title: `${from(ADJECTIVES, n)} ${from(MATERIALS, n * 7)} ${from(THINGS, n * 3 + Math.floor(n / 15))} ${n}`,
        text: `A ${from(ADJECTIVES, n * 5)} ${from(THINGS, n * 11)} of ${from(MATERIALS, n)} for every day. `.repeat(4),
        sellerId: from(sellers, n),
        categoryId,
        categoryPath: [categoryId],
        attributes: { material: from(MATERIALS, n), size: from(["S", "M", "L", "XL"], n) },
        sku: `SKU-${n}`,
        createdAt: new Date(1_700_000_000_000 + n * 60_000).toISOString(),
      };
      const price = { amount: `${100 + ((n * 37) % 90_000)}`, regular: "0" };
      const [entry] = entriesOf({
        type: "PRODUCT",
        id,
        version: 1n,
        viewKeys: [],
        updatedAt: new Date(0),
        parts: [
          { part: "BASE", version: 1n, deleted: false, content },
          { part: "PRICE", version: 1n, deleted: false, content: { prices: { EUR: price } } },
          { part: "STOCK", version: 1n, deleted: false, content: { available: n % 5 } },
        ],
      });
      return { key: `PRODUCT:${id}`, version: 1n, entry };
    });
    await engine.write(index, writes);
  }
  await engine.refresh(index);
  await engine.pointAlias(index);
  return index;
};
