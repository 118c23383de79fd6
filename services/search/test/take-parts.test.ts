import { newId } from "@tandem/kernel";
import { createTestDatabase, type TestDatabase } from "@tandem/testkit";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PartChange } from "../src/biz/ports.ts";
import { makeEraseCustomer, makeFollowSeller, makePutDocuments } from "../src/biz/put-documents.ts";
import { makeDocumentReader } from "../src/data/document-reader.ts";
import { makeDocumentWriter } from "../src/data/document-writer.ts";
import { joinChanges } from "../src/data/join-changes.ts";
import { makeTaskQueue } from "../src/data/task-queue.ts";
import { makeSearchUnitOfWork } from "../src/data/unit-of-work.ts";
import { migrations } from "../src/migrate.ts";
import { type BaseContent, emptyBase } from "../src/model/document.ts";

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase({ sets: migrations });
});
afterAll(() => test.dispose());

const base = (id: string, version: bigint, more: Partial<BaseContent> = {}, type: PartChange["type"] = "PRODUCT") =>
  ({
    type,
    id,
    part: { part: "BASE", version, deleted: false, content: { ...emptyBase, title: `at ${version}`, ...more } },
  }) satisfies PartChange;
const stock = (id: string, version: bigint) =>
  ({
    type: "PRODUCT",
    id,
    part: { part: "STOCK", version, deleted: false, content: { available: Number(version) } },
  }) satisfies PartChange;
const by = (change: PartChange, id = newId(), consumer = "search.on-test") => ({ ...change, event: { consumer, id } });
const writer = () => makeDocumentWriter(test.database);
const documents = () => makeDocumentReader(test.database);
const tasks = async (id: string) => {
  const { rows } = await test.database.query<{ version: string }>("select version from index_task where id = $1", [id]);
  return rows.map(({ version }) => BigInt(version));
};

describe("parts that come in one statement", () => {
  it("have an outcome each: applied, stale, or a duplicate of one before or beside it", async () => {
    const [one, two] = [newId(), newId()];
    const [seen, twice] = [newId(), newId()];
    expect(await writer().applyParts([by(base(one, 3n), seen)])).toEqual(["applied"]);
    const outcomes = await writer().applyParts([
      by(base(one, 4n), seen),
      by(base(one, 2n)),
      by(stock(one, 1n), twice),
      by(stock(one, 9n), twice),
      by(base(two, 1n)),
      by(base(two, 1n), seen, "search.on-another"),
      by(base(two, 5n)),
    ]);
    expect(outcomes).toEqual(["duplicate", "stale", "applied", "duplicate", "applied", "stale", "applied"]);
    const document = await documents().getById("PRODUCT", one);
    expect(document).toMatchObject({ version: 2n, viewKeys: [`PRODUCT:${one}`] });
    expect(document?.parts.map(({ part, version }) => [part, version]).sort()).toEqual([
      ["BASE", 3n],
      ["STOCK", 1n],
    ]);
    expect(await documents().getById("PRODUCT", two)).toMatchObject({
      version: 1n,
      parts: [{ content: { title: "at 5" } }],
    });
    expect([await tasks(one), await tasks(two)]).toEqual([[2n], [1n]]);
  });

  it("leave no task and no higher version where nothing is new", async () => {
    const id = newId();
    await writer().applyParts([base(id, 2n)]);
    await test.database.query("delete from index_task where id = $1", [id]);
    expect(await writer().applyParts([base(id, 2n), base(id, 1n)])).toEqual(["stale", "stale"]);
    expect(await tasks(id)).toEqual([]);
    expect(await documents().getById("PRODUCT", id)).toMatchObject({ version: 1n });
  });

  it("one that cannot be kept is refused for good, and neither holds up nor undoes the others", async () => {
    const apply = joinChanges(writer());
    const good = Array.from({ length: 5 }, () => by(base(newId(), 1n)));
    const bad = [by(base("no id", 1n)), by(base(newId(), 0n)), by(base(newId(), 2n ** 70n))];
    const outcomes = await Promise.allSettled([...good, ...bad].map(apply));
    expect(outcomes.slice(0, 5)).toEqual(good.map(() => ({ status: "fulfilled", value: "applied" })));
    for (const outcome of outcomes.slice(5))
      expect(outcome).toMatchObject({ reason: { code: "search.document_invalid", retryable: false } });
    for (const { id } of good) expect(await tasks(id)).toEqual([1n]);
    const { rows } = await test.database.query("select from tandem.inbox where event_id = any($1)", [
      bad.map(({ event }) => event.id),
    ]);
    expect(rows).toHaveLength(0);
  });

  it("while the database is away all fail alike, as something that passes", async () => {
    const away = { query: () => Promise.reject(new Error("connection lost")) };
    const outcomes = await Promise.allSettled(
      [by(base(newId(), 1n)), by(base(newId(), 1n))].map(joinChanges(makeDocumentWriter(away as never))),
    );
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { message: "connection lost" } });
  });

  it("put by a caller count in the caller's order", async () => {
    const id = newId();
    const put = makePutDocuments({ writer: writer() });
    expect(await put([base(id, 1n), base(id, 3n), base(id, 2n), base(id, 3n)])).toEqual([true, true, false, false]);
    expect(await documents().getById("PRODUCT", id)).toMatchObject({ parts: [{ version: 3n }] });
  });

  it("of a deleted document take away whose it was, and keep under which keys it was found", async () => {
    const [id, customerId, sellerId] = [newId(), newId(), newId()];
    const sections = [{ sellerId, title: "part", text: "", prices: {} }];
    await writer().applyParts([base(id, 1n, { customerId, sections }, "ORDER")]);
    const keys = [`ORDER:${id}`, `ORDER:${id}:${sellerId}`];
    expect((await documents().getById("ORDER", id))?.viewKeys).toEqual(keys);
    const gone = { type: "ORDER", id, part: { part: "BASE", version: 2n, deleted: true, content: emptyBase } } as const;
    expect(await writer().applyParts([gone])).toEqual(["applied"]);
    expect((await documents().getById("ORDER", id))?.viewKeys).toEqual(keys);
    const { rows } = await test.database.query("select customer_id from document where id = $1", [id]);
    expect(rows).toEqual([{ customer_id: null }]);
  });
});

describe("many writers at once", () => {
  it("with erasures, suspensions and an index worker among them end alike, whatever their order, and none gets into another's way", async () => {
    const uow = makeSearchUnitOfWork(test.database);
    const [erase, follow, queue] = [
      makeEraseCustomer({ uow }),
      makeFollowSeller({ uow }),
      makeTaskQueue(test.database),
    ];
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.integer({ min: 0, max: 1_000_000 })), async (numbers) => {
        const random = () => numbers.next().value as number;
        const shuffled = <T>(list: readonly T[]) =>
          list
            .map((one) => [random(), one] as const)
            .sort(([a], [b]) => a - b)
            .map(([, one]) => one);
        const ids = Array.from({ length: 6 }, newId);
        const [customerId, sellerId] = [newId(), newId()];
        const all = ids.flatMap((id, at) =>
          [1n, 2n, 3n].flatMap((version) =>
            at % 2 === 0
              ? [by(base(id, version, { sellerId })), by(stock(id, version))]
              : [by(base(id, version, { customerId, personal: "Quentin" }, "ORDER"))],
          ),
        );
        const applied = new Map<string, number>();
        const take = async () => {
          const mine = shuffled(all);
          for (let from = 0; from < mine.length; from += 7) {
            const part = mine.slice(from, from + 7);
            const outcomes = await writer().applyParts(part);
            part.forEach(({ event }, at) => {
              if (outcomes[at] !== "duplicate") applied.set(event.id, (applied.get(event.id) ?? 0) + 1);
            });
          }
        };
        const tell = async () => {
          for (let round = 0; round < 4; round += 1) {
            const { tasks: due } = await queue.claim(50, 1, "postgres");
            await queue.complete(due.map(({ task, document }) => document ?? task));
          }
        };
        await Promise.all([take(), take(), take(), erase(customerId), follow(sellerId, 1n, true), tell(), tell()]);
        expect([...applied.values()]).toEqual(all.map(() => 1));
        for (const [at, id] of ids.entries()) {
          const document = await documents().getById(at % 2 === 0 ? "PRODUCT" : "ORDER", id);
          expect(document?.parts.map(({ version }) => version)).toEqual(at % 2 === 0 ? [3n, 3n] : [3n]);
          expect(JSON.stringify(document?.parts.map(({ content }) => content))).not.toContain("Quentin");
        }
        const { rows } = await test.database.query("select from document where customer_id = $1", [customerId]);
        expect(rows).toHaveLength(0);
      }),
      { numRuns: 15 },
    );
  }, 60_000);
});
