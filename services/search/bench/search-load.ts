// node services/search/bench/search-load.ts <postgres url of an empty database> [products] [per second] [seconds]
// Searches of a believable mix at a fixed rate, whatever the answers take (open loop), against the use case on Postgres.
import { createDatabase, migrate } from "@tandem/postgres";
import { makeSearch, makeSuggest, type SearchInput } from "../src/biz/search.ts";
import { createPostgresEngine } from "../src/client/postgres/postgres-engine.ts";
import { migrations } from "../src/migrate.ts";
import { fillEngine } from "./fill-engine.ts";

const [, , url = "", products = "5000", perSecond = "200", seconds = "20"] = process.argv;
await migrate({ url, sets: migrations });
await using database = createDatabase({ url, name: "bench" });
const engine = createPostgresEngine({ database });
const filledAt = performance.now();
const index = await fillEngine(engine, Number(products));
await database.query(`vacuum analyze "${index}"`);
process.stdout.write(`${products} products indexed in ${Math.round(performance.now() - filledAt)} ms\n`);

const search = makeSearch({ engine });
const suggest = makeSuggest({ engine });
const filters = {
  types: [],
  categoryIds: [],
  sellerIds: [],
  currency: "EUR",
  inStockOnly: false,
  attributes: {},
} as const;
const input = (q: string, more: Partial<SearchInput> = {}): SearchInput => ({
  q,
  audience: ["public"],
  filters,
  facets: [],
  highlight: true,
  page: { limit: 20 },
  ...more,
});
const mix: readonly (readonly [name: string, weight: number, run: (n: number) => Promise<unknown>])[] = [
  [
    "two words",
    35,
    (n) => search(input(["wireless headphones", "oak table", "small lamp", "steel bottle"][n % 4] ?? "")),
  ],
  ["one word", 15, (n) => search(input(["laptop", "chair", "jacket"][n % 3] ?? ""))],
  [
    "filtered by price",
    10,
    () => search(input("lamp", { filters: { ...filters, minPrice: 1_000n, maxPrice: 20_000n, inStockOnly: true } })),
  ],
  ["newest", 10, () => search(input(""))],
  ["cheapest", 5, () => search(input("", { sort: "PRICE_ASCENDING" }))],
  [
    "all facets",
    5,
    () => search(input("oak table", { facets: ["TYPE", "CATEGORY", "SELLER", "PRICE", "AVAILABILITY", "ATTRIBUTES"] })),
  ],
  ["mistyped", 5, () => search(input("wierless headphnoes"))],
  ["suggest", 15, (n) => suggest({ q: ["wire", "oak ta", "lap"][n % 3] ?? "", limit: 8, audience: ["public"] })],
];
const plan = mix.flatMap((kind) => Array.from({ length: kind[1] }, () => kind));
const times = new Map<string, number[]>();
const running: Promise<void>[] = [];
const total = Number(perSecond) * Number(seconds);
const startedAt = performance.now();
for (let n = 0; n < total; n += 1) {
  const due = startedAt + (n * 1_000) / Number(perSecond);
  const wait = due - performance.now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  const [name, , run] = plan[(n * 37) % plan.length] ?? mix[0] ?? [];
  if (!name || !run) continue;
  // From when it was due: waiting for the ones before counts.
  running.push(
    run(n).then(() => {
      times.set(name, [...(times.get(name) ?? []), performance.now() - due]);
    }),
  );
}
await Promise.all(running);
const line = (name: string, list: number[]) => {
  list.sort((a, b) => a - b);
  const at = (share: number) => (list[Math.min(list.length - 1, Math.floor(list.length * share))] ?? 0).toFixed(1);
  process.stdout.write(
    `${name.padEnd(20)} ${String(list.length).padStart(6)}  best ${at(0)}  p50 ${at(0.5)}  p95 ${at(0.95)}  p99 ${at(0.99)} ms\n`,
  );
};
for (const [name] of mix) line(name, times.get(name) ?? []);
line("all", [...times.values()].flat());
const { user, system } = process.cpuUsage();
process.stdout.write(
  `processor time of this process, filling included: ${((user + system) / 1_000 / total).toFixed(1)} ms per search\n`,
);
