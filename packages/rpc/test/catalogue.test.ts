import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errorCatalogue } from "@tandem/contracts";
import { describe, expect, it } from "vitest";

const sourceDir = join(import.meta.dirname, "../src");
const sources = readdirSync(sourceDir, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.includes("gen/"))
  .map((file) => readFileSync(join(sourceDir, file), "utf8"));
const unseen = new Set([
  // Attributes of spans.
  "rpc.system",
  "rpc.service",
  "rpc.method",
  "rpc.status_code",
  "rpc.target",
  // Internal errors: callers see rpc.internal.
  "rpc.no_call",
  "rpc.gate",
  "rpc.bad_rule",
  "rpc.service_refused",
]);

describe("the error catalogue", () => {
  const used = [
    ...new Set(
      sources.flatMap((text) =>
        [...text.matchAll(/"((?:rpc|request|idempotency)\.[a-z_]+)"/g)].map((found) => found[1] as string),
      ),
    ),
  ];

  it("is read from the sources", () => expect(used.length).toBeGreaterThan(15));

  it.each(used.filter((slug) => !unseen.has(slug)))("has %s, because callers may see it", (slug) => {
    expect(errorCatalogue[slug]?.number).toBeGreaterThan(16);
  });
});
