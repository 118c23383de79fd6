// Measures the matcher and a whole request in memory: `node packages/transcoding/bench/measure.ts`.
import { create, toBinary, toJson, toJsonString } from "@bufbuild/protobuf";
import { createTranscoder } from "../src/index.ts";
import { createRouteTrie } from "../src/route-trie.ts";
import { parseTemplate } from "../src/template.ts";
import { type Book, BookSchema } from "../test/gen/kitchen/v1/library_pb.ts";
import { createKitchen, kitchenHandlers } from "../test/kitchen.ts";

const rounds = 7;

const write = (line: string) => process.stdout.write(`${line}\n`);

/** CPU time rather than the clock's: other processes share the machine. */
const cpuNs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
};

/** Median, least and most over the rounds, in CPU nanoseconds a call. */
const measure = async (name: string, calls: number, once: (index: number) => unknown): Promise<void> => {
  const taken: number[] = [];
  for (let round = -2; round < rounds; round++) {
    const from = cpuNs();
    for (let index = 0; index < calls; index++) {
      const pending = once(index);
      if (pending instanceof Promise) await pending;
    }
    if (round >= 0) taken.push((cpuNs() - from) / calls);
  }
  taken.sort((a, b) => a - b);
  const shown = [taken[rounds >> 1], taken[0], taken[rounds - 1]].map((ns = 0) => ns.toFixed(0).padStart(7));
  write(`${name.padEnd(58)} ${shown[0]} ns  (${shown[1]} - ${shown[2]})`);
};

const trie = createRouteTrie<string>();
const paths: string[] = [];
for (let resource = 0; resource < 40; resource++) {
  for (const [method, template, path] of [
    ["GET", `/v1/resource${resource}`, `/v1/resource${resource}`],
    ["GET", `/v1/resource${resource}/{id}`, `/v1/resource${resource}/0199c1f2-7a7b`],
    ["PUT", `/v1/resource${resource}/{id}/lines/{line}`, `/v1/resource${resource}/0199c1f2-7a7b/lines/17`],
    ["POST", `/v1/resource${resource}/{id}:cancel`, `/v1/resource${resource}/0199c1f2-7a7b:cancel`],
    ["GET", `/v1/{name=groups${resource}/*/items/**}`, `/v1/groups${resource}/a/items/b/c`],
  ] as const) {
    trie.insert(method, parseTemplate(template), template);
    paths.push(`${method} ${path}`);
  }
}
const lines = paths.map((line) => line.split(" ") as [string, string]);
await measure(`match, ${paths.length} routes, all kinds`, 400_000, (index) => {
  const [method, path] = lines[index % lines.length] as [string, string];
  return trie.find(method, path);
});
await measure("match, no such path", 400_000, () => trie.find("GET", "/v1/nothing/here/at/all"));

const big = create(BookSchema, {
  name: "shelves/a/books/b",
  title: "Dune",
  copies: 3n,
  tags: ["sand", "spice", "worms", "desert"],
  labels: { a: "b", c: "d", e: "f" },
  pages: 612,
  id: "0199c1f2-7a7b-7000-8000-000000000000",
  currency: "EUR",
});
let holder: Book = big;
for (let depth = 0; depth < 8; depth++)
  holder = holder.sequel = create(BookSchema, { ...big, sequel: undefined } as Book);
const json = toJsonString(BookSchema, big);
write(`body: ${json.length} bytes of JSON, ${toBinary(BookSchema, big).length} binary`);

const kitchen = createKitchen();
const body = new TextEncoder().encode(json);
const headers = () =>
  new Headers({ "content-type": "application/json", host: "localhost", "user-agent": "bench", accept: "*/*" });
await measure("REST GET, small", 20_000, () =>
  kitchen.handle({ method: "GET", url: "/v1/shelves/a", headers: headers() }),
);
await measure("REST PATCH with body, echoed", 10_000, () =>
  kitchen.handle({ method: "PATCH", url: "/v1/shelves/a/books/b", headers: headers(), body }),
);
const handlers = kitchenHandlers();
const plain = createTranscoder({ handlers });
await measure("REST PATCH with body, echoed, by `handlers`", 10_000, () =>
  plain.handle({ method: "PATCH", url: "/v1/shelves/a/books/b", headers: headers(), body }),
);
const direct = handlers.find((handler) => handler.method.name === "UpdateBook");
const wrapped = new TextEncoder().encode(`{"book":${json}}`);
const drain = async (parts: AsyncIterable<Uint8Array> | undefined) => {
  for await (const part of parts ?? []) part.byteLength;
};
await measure("the same by Connect JSON, handler called directly", 10_000, async () => {
  const response = await direct?.({
    httpVersion: "1.1",
    method: "POST",
    url: "http://localhost/x",
    header: headers(),
    signal: new AbortController().signal,
    body: (async function* () {
      yield wrapped;
    })(),
  });
  await drain(response?.body);
});
await measure("of it: toJson", 20_000, () => JSON.stringify(toJson(BookSchema, big, { alwaysEmitImplicit: true })));
await measure("of it: toBinary", 20_000, () => toBinary(BookSchema, big));
