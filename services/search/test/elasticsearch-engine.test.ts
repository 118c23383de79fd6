import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findTool, startSearchServer } from "@tandem/toolchain";
import { describe, expect, it } from "vitest";
import { createElasticsearchEngine } from "../src/client/elasticsearch/elasticsearch-engine.ts";
import { describeEngine } from "./engine-contract.ts";

for (const product of ["opensearch", "elasticsearch"] as const) {
  const tool = findTool(product);
  describeEngine(
    tool.found ? `${product} ${tool.version}` : `${product} (skipped: ${tool.reason})`,
    tool.found,
    async () => {
      const dir = mkdtempSync(join(tmpdir(), `tandem-${product}-`));
      const server = await startSearchServer({ product, dir });
      return {
        engine: createElasticsearchEngine({ url: server.url, alias: "search", timeoutMs: 30_000 }),
        async [Symbol.asyncDispose]() {
          await server.kill();
          rmSync(dir, { recursive: true, force: true });
        },
      };
    },
  );
}

describe("an engine that is away", () => {
  it("is called unavailable, so that callers and workers come back", async () => {
    const engine = createElasticsearchEngine({ url: "http://127.0.0.1:1", alias: "search", timeoutMs: 500 });
    await expect(engine.aliasTarget()).rejects.toMatchObject({ code: "search.engine_unavailable", retryable: true });
  });
});
