import { create } from "@bufbuild/protobuf";
import { PageRequestSchema } from "@tandem/contracts/common";
import { AppError } from "@tandem/kernel";
import { describe, expect, it } from "vitest";
import { readPage, runBatch, summaryOf, toErrorInfo, writePage } from "../src/index.ts";
import { startHarness } from "./harness.ts";

describe("a batch", () => {
  it("does each item by itself, in order, and sums up", async () => {
    const outcomes = await runBatch(["a", "b", "c"], async (item) => {
      if (item === "b") throw new AppError("not_found", "order.not_found", "There is no such order.");
      return item.toUpperCase();
    });
    expect(outcomes.map((one) => (one.case === "ok" ? one.value : one.value.slug))).toEqual([
      "A",
      "order.not_found",
      "C",
    ]);
    expect(summaryOf(outcomes)).toMatchObject({ succeeded: 2, failed: 1 });
  });

  it.each(["cancelled", "deadline_exceeded", "unavailable"] as const)(
    "ends as a whole when an item is %s",
    async (kind) => {
      let tried = 0;
      const work = runBatch([1, 2], async () => {
        tried += 1;
        throw new AppError(kind, `test.${kind}`, "");
      });
      await expect(work).rejects.toMatchObject({ kind });
      expect(tried).toBe(1);
    },
  );

  it("shows nothing of unknown and internal errors, and logs them", async () => {
    const errors = [new Error("hunter2"), new AppError("internal", "postgres.second_transaction", "hunter2")];
    expect(errors.map(toErrorInfo).map(({ slug, message }) => [slug, message.includes("hunter2")])).toEqual([
      ["rpc.internal", false],
      ["rpc.internal", false],
    ]);
    await using harness = await startHarness({
      ping: async () => {
        const outcomes = await runBatch(errors, (error) => Promise.reject(error));
        return { text: String(summaryOf(outcomes).failed) };
      },
    });
    expect((await harness.http("/ping")).json.data.text).toBe("2");
    const logged = harness.log.lines.filter(({ msg }) => msg === "an item of a batch failed");
    expect(logged).toHaveLength(2);
    expect(logged[0]).toMatchObject({ level: "error", rpc: "tandem.rpctest.v1.EchoService/Ping" });
  });
});

describe("pages", () => {
  it("are read from cursor, offset or nothing", () => {
    const read = (init: Parameters<typeof create<typeof PageRequestSchema>>[1]) =>
      readPage(create(PageRequestSchema, init));
    expect(readPage(undefined)).toEqual({ limit: 0 });
    expect(read({ limit: 5 })).toEqual({ limit: 5 });
    expect(read({ limit: 5, position: { case: "cursor", value: "c" } })).toEqual({ limit: 5, cursor: "c" });
    expect(read({ position: { case: "offset", value: 40 } })).toEqual({ limit: 0, offset: 40 });
  });

  it("are written with the next cursor, and the total when it was counted", () => {
    expect(writePage({ nextCursor: "c" })).toMatchObject({ nextCursor: "c" });
    expect(writePage({})).toMatchObject({ nextCursor: "" });
    expect(writePage({ total: 0 }).total).toBe(0n);
    expect(writePage({}).total).toBeUndefined();
  });
});
