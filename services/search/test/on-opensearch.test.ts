import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "@tandem/kernel";
import { pollUntil } from "@tandem/testkit";
import { findTool, type SearchServer, startSearchServer } from "@tandem/toolchain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, productOf, startHarness } from "./harness.ts";

const tool = findTool("opensearch");

describe.skipIf(!tool.found)(`the service on OpenSearch${tool.found ? "" : ` (skipped: ${tool.reason})`}`, () => {
  const dir = mkdtempSync(join(tmpdir(), "tandem-on-opensearch-"));
  let server: SearchServer;
  let search: Harness;
  beforeAll(async () => {
    server = await startSearchServer({ product: "opensearch", dir });
    search = await startHarness({
      SEARCH_ENGINE: "elasticsearch",
      SEARCH_ENGINE_URL: server.url,
      SEARCH_ENGINE_TIMEOUT_MS: "30000",
    });
  }, 180_000);
  afterAll(async () => {
    await search?.[Symbol.asyncDispose]();
    await server?.kill();
    rmSync(dir, { recursive: true, force: true });
  });

  const findable = (word: string) =>
    pollUntil(
      async () => {
        const { json } = await search.http(`/search?q=${word}`);
        return json.data?.hits?.length === 1;
      },
      { timeoutMs: 60_000, message: `${word} to be found` },
    );

  it("finds, rebuilds its index beside the live one, and catches up with what changed while the engine was dead", async () => {
    const word = `w${newId().replaceAll("-", "")}`;
    const product = productOf(search);
    await product.priced(500n);
    await product.created({ name: `${word}1` });
    await findable(`${word}1`);
    expect(await search.runJob("search.reindex")).toMatchObject({ status: "SUCCEEDED", documents: 1, failed: 0 });
    await findable(`${word}1`);

    await server.kill();
    expect(await product.updated({ name: `${word}2` }, 2n)).toBe("ack");
    const down = await search.http("/search?q=x");
    expect([down.status, down.json.error]).toEqual([503, "search.engine_unavailable"]);
    const { port } = server;
    server = await startSearchServer({ product: "opensearch", dir, port });
    await findable(`${word}2`);
    const { rows } = await search.database.query<{ n: number }>(
      "select count(*)::int as n from index_task where status = 'PARKED'",
    );
    expect(rows[0]?.n).toBe(0);
  }, 240_000);
});
